import { ModelError } from '../../support/errors.ts';
import { type NdArray, normalAxis } from '../array.ts';
import { kernel } from '../kernel.ts';
import { sliceAt, stack } from '../stack.ts';

/** Runs a subgraph on slice after slice of some inputs; states go from turn to turn, other outputs are stacked. */
export const scan = kernel('Scan', {
  versions: [9, 11, 16, 19, 21, 23, 24, 25],
  types: '*... -> ?...',
  run({ attributes, inputs, runGraph, discard }) {
    const { body, num_scan_inputs } = attributes;
    const states = inputs.length - num_scan_inputs;
    const outputs = body.outputs.length - states;
    const scanned = inputs.slice(states) as NdArray[];
    const axes = scanned.map((x, i) => normalAxis(attributes.scan_input_axes?.[i] ?? 0, x.dims.length));
    const collected = scanOver({
      turns: commonLength(scanned, axes),
      states: inputs.slice(0, states) as NdArray[],
      slice: (turn, turns) =>
        scanned.map((x, i) =>
          sliceAt(x, axes[i]!, attributes.scan_input_directions?.[i] === 1 ? turns - 1 - turn : turn),
        ),
      run: (values) => runGraph(body, values),
      discard,
      outputs,
    });
    const stacked = collected.outputs.map((items, i) => {
      const type = body.outputs[states + i]!.type;
      const rank = items[0]?.dims.length ?? (type?.kind === 'tensor' ? (type.shape?.length ?? 0) : 0);
      const axis = normalAxis(attributes.scan_output_axes?.[i] ?? 0, rank, 1);
      return stack(attributes.scan_output_directions?.[i] === 1 ? items.toReversed() : items, axis, type);
    });
    return [...collected.states, ...stacked];
  },
});

/** Version 8 scans each element of a batch; sequences shorter than the longest are not supported. */
export const scan8 = kernel('Scan', {
  versions: [8],
  types: 'int64, *... -> ?...',
  check({ node }) {
    if ((node.inputs[0] ?? '') !== '')
      throw new ModelError('unsupported-attribute', 'Scan of version 8 is run without sequence_lens only.');
  },
  run({ attributes, inputs: [, ...inputs], runGraph, discard }) {
    const { body, num_scan_inputs } = attributes;
    const directions = (attributes as { directions?: readonly number[] }).directions;
    const states = inputs.length - num_scan_inputs;
    const batches = inputs[0]!.dims[0]!;
    const results = Array.from({ length: batches }, (_, batch) => {
      const values = inputs.map((x) => sliceAt(x!, 0, batch));
      const scanned = values.slice(states);
      const collected = scanOver({
        turns: commonLength(
          scanned,
          scanned.map(() => 0),
        ),
        states: values.slice(0, states),
        slice: (turn, turns) =>
          scanned.map((x, i) => sliceAt(x, 0, directions?.[i] === 1 ? turns - 1 - turn : turn)),
        run: (given) => runGraph(body, given),
        discard,
        outputs: body.outputs.length - states,
      });
      return [...collected.states, ...collected.outputs.map((items) => stack(items))];
    });
    return body.outputs.map((_, i) => stack(results.map((values) => values[i]!)));
  },
});

interface ScanCall {
  readonly turns: number;
  readonly states: readonly NdArray[];
  readonly slice: (turn: number, turns: number) => NdArray[];
  readonly run: (values: readonly NdArray[]) => NdArray[];
  readonly discard: (values: readonly NdArray[]) => void;
  readonly outputs: number;
}

function scanOver({ turns, states, slice, run, discard, outputs }: ScanCall) {
  let current = states;
  const collected: NdArray[][] = Array.from({ length: outputs }, () => []);
  for (let turn = 0; turn < turns; turn++) {
    const slices = slice(turn, turns);
    const values = run([...current, ...slices]);
    // The first states are not the scan's own to discard.
    discard(turn === 0 ? slices : [...slices, ...current]);
    current = values.slice(0, states.length);
    for (const [i, items] of collected.entries()) items.push(values[states.length + i]!);
  }
  return { states: current, outputs: collected };
}

function commonLength(scanned: readonly NdArray[], axes: readonly number[]): number {
  const lengths = new Set(scanned.map((x, i) => x.dims[axes[i]!]!));
  if (lengths.size === 1) return [...lengths][0]!;
  throw new ModelError('shape-mismatch', `Scan inputs have different lengths: ${[...lengths].join(', ')}.`);
}
