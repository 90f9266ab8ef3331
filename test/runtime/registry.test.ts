import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { schemasOf } from '../../src/ops/index.ts';
import { findKernel, supportedOperators } from '../../src/runtime/index.ts';
import { kernels } from '../../src/runtime/kernels/index.ts';

const folder = new URL('../../src/runtime/kernels/', import.meta.url);
const files = readdirSync(folder).filter((file) => file !== 'index.ts');

describe('kernels', () => {
  it('are found by the name of their operator: one file each, all in the index', () => {
    const plain = (name: string) => name.replaceAll('-', '').toLowerCase();
    const operators = new Set(kernels.map(({ opType }) => plain(opType)));
    expect(files.map((file) => plain(file.replace('.ts', ''))).sort()).toEqual([...operators].sort());
    const index = readFileSync(new URL('index.ts', folder), 'utf8');
    for (const file of files) expect(index).toContain(`'./${file}'`);
  });

  it('implement versions that exist, each once', () => {
    for (const { domain, opType, versions } of supportedOperators()) {
      expect(new Set(versions).size, opType).toBe(versions.length);
      if (domain !== '') continue;
      const known = schemasOf('', opType).map(({ since }) => since);
      for (const version of versions) expect(known, opType).toContain(version);
    }
  });

  it('are looked up by domain, operator and version', () => {
    expect(findKernel('ai.onnx', 'Slice', 10)!.versions).toEqual([10, 11, 13]);
    expect(findKernel('', 'Slice', 1)!.versions).toEqual([1]);
    expect(findKernel('', 'Slice', 2)).toBeUndefined();
    expect(findKernel('com.microsoft', 'QuantizeLinear', 1)).toBeDefined();
    expect(findKernel('elsewhere', 'Slice', 1)).toBeUndefined();
  });
});
