import { dataTypeFromCode } from '../../ir/index.ts';
import { broadcastShapes } from './broadcast.ts';
import type { Register } from './call.ts';
import { type Dim, tensorFacts } from './facts.ts';

/** Signal processing and text. */
export function registerSignal(register: Register): void {
  register('HannWindow HammingWindow BlackmanWindow', (call) => [
    tensorFacts(dataTypeFromCode(call.int('output_datatype', 1)), [call.contents(0)?.[0]]),
  ]);
  register('DFT', (call) => {
    const x = call.shape(0);
    if (x === undefined) return [tensorFacts(call.dtype(0), undefined)];
    const given = call.opset < 20 ? call.int('axis', 1) : call.has(2) ? call.numbers(2)?.[0] : -2;
    if (given === undefined)
      return [
        tensorFacts(
          call.dtype(0),
          x.map(() => undefined),
        ),
      ];
    const axis = call.axis(given, x.length);
    const length: Dim = call.has(1) ? call.contents(1)?.[0] : x[axis];
    const onesided = call.int('onesided', 0) !== 0;
    const inverse = call.int('inverse', 0) !== 0;
    const kept =
      onesided && !inverse ? (typeof length === 'number' ? Math.floor(length / 2) + 1 : undefined) : length;
    const parts = onesided && inverse ? 1 : 2;
    const shape = x.map((dim, i) => (i === axis ? kept : i === x.length - 1 ? parts : dim));
    return [
      tensorFacts(
        call.dtype(0),
        onesided && inverse ? shape.map((dim, i) => (i === axis ? undefined : dim)) : shape,
      ),
    ];
  });
  register('STFT', (call) => {
    const [x, window] = [call.shape(0), call.shape(2)];
    const step = call.contents(1)?.[0];
    const frame = call.has(3) ? call.contents(3)?.[0] : window?.[0];
    const length = x?.[1];
    const known = typeof step === 'number' && typeof frame === 'number';
    const frames = known && typeof length === 'number' ? Math.floor((length - frame) / step) + 1 : undefined;
    const onesided = call.int('onesided', 1) !== 0;
    const bins = typeof frame === 'number' ? (onesided ? Math.floor(frame / 2) + 1 : frame) : undefined;
    return [tensorFacts(call.dtype(0), [x?.[0], frames, bins, 2])];
  });
  register('MelWeightMatrix', (call) => {
    const [bins, length] = [call.contents(0)?.[0], call.contents(1)?.[0]];
    const rows = typeof length === 'number' ? Math.floor(length / 2) + 1 : undefined;
    return [tensorFacts(dataTypeFromCode(call.int('output_datatype', 1)), [rows, bins])];
  });
  register('StringConcat', (call) => [
    tensorFacts('string', broadcastShapes(call, [call.shape(0), call.shape(1)])),
  ]);
  register('StringNormalizer', (call) => {
    const x = call.shape(0);
    return [
      tensorFacts(
        'string',
        x?.map((dim, i) => (i === x.length - 1 ? undefined : dim)),
      ),
    ];
  });
  register('RegexFullMatch', (call) => [tensorFacts('bool', call.shape(0))]);
  register('StringSplit', (call) => {
    const x = call.shape(0);
    return [tensorFacts('string', x && [...x, undefined]), tensorFacts('int64', x)];
  });
}
