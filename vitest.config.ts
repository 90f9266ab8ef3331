import { defineConfig } from 'vitest/config';

const common = { testTimeout: 120_000, hookTimeout: 120_000, setupFiles: 'test/support/seed.ts' };

/**
 * The tests of `unit` change nothing that outlives them, and so share the modules of a worker: importing everything anew
 * for each of 150 files would take as long as half of the tests. Two workers are what a small machine has cores for.
 *
 * `unit` needs nothing but this repository; `package` builds, packs and installs it; `shared` runs over the models and
 * conformance data of ../shared, and says so where they are absent.
 */
export default defineConfig({
  test: {
    maxWorkers: 2,
    globalSetup: 'test/support/temporary-files.ts',
    projects: [
      {
        test: {
          ...common,
          name: 'unit',
          isolate: false,
          include: ['test/**/*.test.ts'],
          exclude: ['test/shared/**', 'test/package/**'],
        },
      },
      { test: { ...common, name: 'package', include: ['test/package/**/*.test.ts'] } },
      { test: { ...common, name: 'shared', include: ['test/shared/**/*.test.ts'] } },
    ],
  },
});
