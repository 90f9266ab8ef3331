import { defineConfig } from 'tsup';

/** One file per public entry; `node` and the command are the only ones that may reach a Node built-in. */
export default defineConfig({
  entry: {
    index: 'src/index.ts',
    rules: 'src/rules/index.ts',
    runtime: 'src/runtime/index.ts',
    testing: 'src/testing/index.ts',
    node: 'src/node/index.ts',
    cli: 'src/cli/main.ts',
  },
  format: 'esm',
  target: 'es2022',
  platform: 'neutral',
  external: [/^node:/, 'protobufjs', 'immer', 'fast-check'],
  splitting: true,
  dts: {
    entry: {
      index: 'src/index.ts',
      rules: 'src/rules/index.ts',
      runtime: 'src/runtime/index.ts',
      testing: 'src/testing/index.ts',
      node: 'src/node/index.ts',
    },
  },
  clean: true,
  treeshake: true,
});
