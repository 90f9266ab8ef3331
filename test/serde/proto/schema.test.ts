import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { compile, target } from '../../../scripts/compile-proto.ts';
import { schema } from '../../../src/serde/proto/schema.generated.ts';

describe('the schema', () => {
  it('is compiled from proto/*.proto as they are now', () => {
    // If this fails: npm run compile:proto
    expect(readFileSync(target, 'utf8')).toBe(compile());
  });

  it('packs what onnx.proto declares packed, and nothing else', () => {
    const packed = Object.entries(schema).flatMap(([message, rows]) =>
      rows.filter((row) => row[3] === 'packed').map((row) => `${message}.${row[1]}`),
    );
    expect(packed).toEqual([
      'TensorProto.float_data',
      'TensorProto.int32_data',
      'TensorProto.int64_data',
      'TensorProto.double_data',
      'TensorProto.uint64_data',
    ]);
  });
});
