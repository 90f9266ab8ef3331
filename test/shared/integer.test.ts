import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import type { Model } from '../../src/ir/index.ts';
import { groupIntegers } from '../../src/runtime/index.ts';
import { decodeModel } from '../../src/serde/index.ts';
import { operatorCounts, optimizedByEngine } from '../runtime/optimized.ts';
import { measureInteger, quantizedModels } from './integer-accuracy.ts';
import { describeShared, sharedDir } from './paths.ts';

const folder = `${sharedDir}/models`;
const names = sharedDir === undefined ? [] : quantizedModels(folder);

/** Operators on codes, and what is left of the pairs around them. */
const onCodes =
  /^(?:Q.*|MatMulIntegerToFloat|MatMulNBits|DynamicQuantize.*|MatMulInteger|DequantizeLinear|Conv|MaxPool|Concat)$/;

function codeOperators(model: Model): Map<string, number> {
  return new Map([...operatorCounts(model)].filter(([name]) => onCodes.test(name)));
}

describeShared('the groups of the shared models', () => {
  it.each(names)('%s: those of ONNX Runtime', async (name) => {
    const model = decodeModel(readFileSync(`${folder}/${name}/model.onnx`));
    const theirs = await optimizedByEngine(model);
    expect(codeOperators(groupIntegers(model).model)).toEqual(codeOperators(theirs));
  });
});

describeShared('integer execution of the shared models', () => {
  const page = readFileSync(new URL('../../docs/integer-execution.md', import.meta.url), 'utf8');
  /** Networks whose float sums differ between engines and machines: one flipped code multiplies in them. */
  const chaotic = /yolo.*qat/;

  it.each(names)('%s', async (name) => {
    for (const { output, withinQuantum, toEngine, toFloat, floatToFloat } of await measureInteger(
      folder,
      name,
    )) {
      if (withinQuantum !== undefined) expect(withinQuantum, output).toBeGreaterThanOrEqual(0.999);
      else if (!chaotic.test(name)) expect(toEngine, output).toBeGreaterThanOrEqual(70);
      // TensorRT's rules round elsewhere: no further from the literal graph than float sums of another order are.
      if (floatToFloat > 100 && !chaotic.test(name))
        expect(toFloat.tensorrt, output).toBeGreaterThanOrEqual(100);
      expect(page).toContain(`| ${name} | ${output} |`);
    }
  });
});
