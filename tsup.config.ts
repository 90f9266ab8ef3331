import { defineConfig } from 'tsup';

/** One file per public entry, and one for threads to run, which lies beside the chunks that start them; `node` and the command are the only ones that may reach a Node built-in. */
export default defineConfig({
  entry: {
    index: 'src/index.ts',
    rules: 'src/rules.ts',
    runtime: 'src/runtime.ts',
    testing: 'src/testing/index.ts',
    node: 'src/node.ts',
    cli: 'src/cli/bin.ts',
    worker: 'src/runtime/threads/worker.ts',
  },
  format: 'esm',
  target: 'es2022',
  platform: 'neutral',
  external: [/^node:/, 'immer', 'fast-check'],
  splitting: true,
  dts: {
    entry: {
      index: 'src/index.ts',
      rules: 'src/rules.ts',
      runtime: 'src/runtime.ts',
      testing: 'src/testing/index.ts',
      node: 'src/node.ts',
    },
  },
  clean: true,
  treeshake: true,
});
