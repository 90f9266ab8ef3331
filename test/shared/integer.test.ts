import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import type { Model } from '../../src/ir/index.ts';
import { groupIntegers } from '../../src/runtime/index.ts';
import { decodeModel } from '../../src/serde/index.ts';
import { operatorCounts, optimizedByEngine } from '../runtime/optimized.ts';
import { describeShared, sharedDir } from './paths.ts';

const folder = `${sharedDir}/models`;
const quantizedModels =
  sharedDir === undefined ? [] : readdirSync(folder).filter((name) => /qat|ort|int4/.test(name));

/** Operators on codes, and what is left of the pairs around them. */
const onCodes =
  /^(?:Q.*|MatMulIntegerToFloat|MatMulNBits|DynamicQuantize.*|MatMulInteger|DequantizeLinear|Conv|MaxPool|Concat)$/;

function codeOperators(model: Model): Map<string, number> {
  return new Map([...operatorCounts(model)].filter(([name]) => onCodes.test(name)));
}

describeShared('the groups of the shared models', () => {
  it.each(quantizedModels)('%s: those of ONNX Runtime', async (name) => {
    const model = decodeModel(readFileSync(`${folder}/${name}/model.onnx`));
    const theirs = await optimizedByEngine(model);
    expect(codeOperators(groupIntegers(model).model)).toEqual(codeOperators(theirs));
  });
});
