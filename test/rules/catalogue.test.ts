import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import * as rules from '../../src/rules/index.ts';

const byExport = new Map<string, unknown>(Object.entries(rules));
const file = (folder: string, name: string, end: string) =>
  existsSync(new URL(`../../${folder}/${name}${end}`, import.meta.url));

describe('the catalogue of rules', () => {
  it('has every rule once', () => {
    expect(rules.catalogue.names).toMatchInlineSnapshot(`
      [
        "remove-no-op",
        "collapse-repeated-qdq",
        "share-equal-quantizers",
        "drop-enforced-bounds",
        "fold-batch-norm-into-conv",
        "fold-batch-norm-into-quantized-conv",
        "quantize-before-pad",
        "quantize-before-copy",
        "quantize-before-split",
        "quantize-after-relu",
        "quantize-after-clip",
        "quantize-around-max-pool",
        "remove-dangling-dequantize",
        "qlinear-to-qdq",
        "microsoft-qlinear-to-qdq",
        "complete-quantizer",
        "uint8-to-int8",
        "replace-zero-scales",
        "float-bias",
        "move-transpose-into-weights",
        "quantize-before-concat",
        "quantize-before-gather",
        "quantize-before-resize",
        "quantize-after-resize",
        "scale-before-quantize",
        "transpose-before-quantize",
        "fold-weight-quantizer",
        "unfold-weight-quantizer",
        "fold-cast-into-dequantize",
        "unquantize-conv-bn-edge",
        "unquantize-before-activation",
        "unquantize-conv-add-edge",
        "one-float-add-input",
        "gate-both-or-none",
        "drop-isolated-qdq",
        "float-islands",
        "unquantize-before-resize",
        "unquantize-average-pool",
        "unquantize-half-quantized-matmul",
        "skip-unprofitable-op",
        "quantize-residual",
        "quantize-average-pool-both-sides",
        "quantize-attention-matmuls",
        "restore-enforced-relu",
        "uint8-to-symmetric-int8",
        "per-tensor-activation",
        "remove-dangling-dequantize-int8",
        "mismatched-pair",
        "requantize-report",
        "depthwise-with-silu",
        "uncalibrated-residual",
      ]
    `);
  });

  it.each([...rules.catalogue])('$name says what it does, why, when, and where that is from', (rule) => {
    expect(rule.summary).toMatch(/⇒/);
    expect(rule.reason).toMatch(/^[A-Z].*\.$/);
    expect(rule.condition).toMatch(/^[A-Z].*\.$/);
    expect(rule.sources.length).toBeGreaterThan(0);
  });

  it.each([...rules.catalogue])('$name is exported under its name', (rule) => {
    const name = rule.name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
    expect(byExport.get(name)).toBe(rule);
  });

  it.each([...rules.catalogue])('$name has a file and a test of its name', (rule) => {
    const name = rule.name.replace(/^(remove-dangling-dequantize)-int8$/, '$1');
    const homes = ['simplify', 'fuse', 'quantize', 'lower', 'report'].filter((folder) =>
      file(`src/rules/${folder}`, name, '.ts'),
    );
    expect(homes.length).toBe(1);
    expect(file(`test/rules/${homes[0]}`, name, '.test.ts')).toBe(true);
  });
});
