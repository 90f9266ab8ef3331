import { defineConfig } from 'vitest/config';

const common = { testTimeout: 120_000, hookTimeout: 120_000 };

/**
 * `unit` needs nothing but this repository; `package` builds, packs and installs it; `shared` runs over the models and
 * conformance data of ../shared, and says so where they are absent.
 */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          ...common,
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/shared/**', 'test/package/**'],
        },
      },
      { test: { ...common, name: 'package', include: ['test/package/**/*.test.ts'] } },
      { test: { ...common, name: 'shared', include: ['test/shared/**/*.test.ts'] } },
    ],
  },
});
