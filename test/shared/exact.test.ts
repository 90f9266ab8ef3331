import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { Model, Tensor } from '../../src/ir/index.ts';
import { rewrite } from '../../src/rewrite/index.ts';
import { execute } from '../../src/runtime/index.ts';
import { decodeModel, decodeTensor } from '../../src/serde/index.ts';
import { tensorrt } from '../../src/targets/index.ts';
import { verify } from '../../src/verify/index.ts';
import { describeShared, sharedDir } from './paths.ts';

const file = (name: string, path: string) => readFileSync(join(sharedDir!, 'models', name, path));

function bits(outputs: ReadonlyMap<string, Tensor>): readonly (readonly [string, string])[] {
  return [...outputs].map(
    ([name, tensor]) => [name, Buffer.from(tensor.toBytes()).toString('base64')] as const,
  );
}

describeShared('what is declared exact', () => {
  const everything = tensorrt();
  const exact = everything.only(
    ...everything.members.filter(({ effect }) => effect === 'exact').map(({ name }) => name),
  );

  it.each(['yolov7_slim_qat', 'yolov7_w025_qat', 'yolov5n_qat', 'padneck_qat', 'resnet18_qat'])(
    'does not change one output bit of %s',
    (name) => {
      const before: Model = decodeModel(file(name, 'model.onnx'));
      const { model: after, trace } = rewrite(before, exact);
      expect(trace.rewrites.length).toBeGreaterThan(0);
      const inputs = new Map(
        before.graph.inputs.map((input, i) => [
          input.name,
          decodeTensor(file(name, `test_data_set_0/input_${i}.pb`)),
        ]),
      );
      expect(bits(execute(after, inputs))).toEqual(bits(execute(before, inputs)));
      const report = verify(before, after, { samples: 2, seed: 7 });
      expect(report.outputs.map((output) => [output.name, output.identical])).toEqual(
        before.graph.outputs.map((output) => [output.name, true]),
      );
    },
  );
});
