import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { accumulatorRanges, checkCertificate, proveEqual } from '../../src/proof/index.ts';
import { rewrite } from '../../src/rewrite/index.ts';
import { decodeModel } from '../../src/serde/index.ts';
import { tensorrt } from '../../src/targets/index.ts';
import { describeShared, sharedDir } from './paths.ts';

const load = (name: string) => decodeModel(readFileSync(join(sharedDir!, 'models', name, 'model.onnx')));

describeShared('proofs', () => {
  const everything = tensorrt();
  const exact = everything.only(
    ...everything.members.filter(({ effect }) => effect === 'exact').map(({ name }) => name),
  );

  it.each(['padneck_slim_qat', 'yolov5_slim_qat', 'resnet18_slim_qat', 'mobilenetv2_slim_qat'])(
    'show that the exact rules change no output bit of %s for any input',
    (name) => {
      const before = load(name);
      const { model: after } = rewrite(before, exact);
      const proof = proveEqual(before, after, { limit: 20_000_000 });
      expect(proof).toMatchObject({ verdict: 'proved' });
      if (proof.verdict !== 'proved') return;
      expect(checkCertificate(before, after, proof.certificate)).toMatchObject({ valid: true });
    },
  );

  it.each(['yolov7_w025_qat', 'resnet18_qat', 'mobilenetv2_ort_u8s8', 'resnet18_ort_u8s8'])(
    'show that no int32 sum of %s overflows',
    (name) => {
      const { ranges, untold } = accumulatorRanges(load(name));
      expect(untold).toEqual([]);
      expect(ranges.length).toBeGreaterThan(20);
      expect(ranges.filter(({ int32 }) => int32 !== 'holds')).toEqual([]);
    },
  );
});
