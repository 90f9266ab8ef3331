import { defineConfig } from 'tsup';

/** One file per public entry; `node` and the command are the only ones that may reach a Node built-in. */
export default defineConfig({
  entry: {
    index: 'src/index.ts',
    rules: 'src/rules.ts',
    runtime: 'src/runtime.ts',
    testing: 'src/testing/index.ts',
    node: 'src/node.ts',
    cli: 'src/cli/bin.ts',
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
