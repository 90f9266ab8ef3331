import { type DataType, type Graph, type Tensor, tensor } from '../../../src/ir/index.ts';
import { parseModel } from '../../../src/serde/index.ts';
import { exact, type Maker, type Sketch, when } from '../sketch.ts';
import { scalar, type Values } from '../values.ts';

/** Loops and scans over bodies of a few exact operators. */

const common = { family: 'control', within: exact } as const;

function bodyOf(v: Values, inputs: string, outputs: string, lines: readonly string[]): Graph {
  return parseModel(`<ir_version: 10, opset_import: ["" : ${v.opset}]>
    body (${inputs}) => (${outputs}) { ${lines.join('\n')} }`).graph;
}

/** A new carried value from an old one. */
const steps = ['Add (a, a)', 'Mul (a, a)', 'Neg (a)', 'Abs (a)', 'Identity (a)', 'Sub (a, f)', 'Add (a, f)'];

function loop(v: Values): Sketch {
  const dims = v.dims(v.whole(0, 2), { longest: 12, empty: true });
  const type = `float[${dims}]`;
  const stops = v.chance(0.5);
  const trips = v.whole(0, 4);
  const scanned = v.below(3);
  const outputs = [`bool more`, `${type} b`, ...[`${type} s`, 'int64 t'].slice(0, scanned)];
  const body = bodyOf(v, `int64 i, bool going, ${type} a`, outputs.join(', '), [
    `last = Constant <value = int64 {${v.whole(0, 3)}}> ()`,
    stops ? 'more = Less (i, last)' : 'more = Identity (going)',
    'f = Cast <to = 1> (i)',
    `b = ${v.pick(steps)}`,
    ...['s = Neg (b)', 't = Add (i, last)'].slice(0, scanned),
  ]);
  const condition = v.chance(0.7) ? tensor('bool', [], [v.chance(0.8)]) : undefined;
  return {
    inputs: [
      // Something has to end it.
      stops && v.chance(0.3) ? undefined : scalar('int64', trips),
      condition,
      v.small('float32', dims, -3, 3),
    ],
    attributes: { body },
    outputs: 1 + scanned,
  };
}

function scan(v: Values): Sketch {
  const turns = v.whole(1, 4);
  const count = v.whole(1, 2);
  const inner = v.dims(v.whole(0, 2), { longest: 12 });
  const axes = Array.from({ length: count }, () => v.below(inner.length + 1));
  const scanned = axes.map((axis) => v.small('float32', inner.toSpliced(axis, 0, turns), -9, 9));
  const type = `float[${inner}]`;
  const names = ['p', 'q'].slice(0, count);
  const kept = v.chance(0.7);
  const [states, results] = kept ? [[`${type} a`], [`${type} b`]] : [[], []];
  const body = bodyOf(
    v,
    [...states, ...names.map((name) => `${type} ${name}`)].join(', '),
    [...results, `${type} y`, `${type} z`].join(', '),
    [
      ...(kept ? [`b = ${v.pick(['Add', 'Max', 'Sub'])} (a, p)`] : []),
      `y = ${kept ? 'Sub (b, p)' : 'Neg (p)'}`,
      `z = Add (${names.at(-1)}, p)`,
    ],
  );
  const behind = (axis: number) => (v.opset >= 11 && v.chance(0.3) ? axis - inner.length - 1 : axis);
  const start: readonly Tensor[] = kept ? [v.small('float32', inner, -3, 3)] : [];
  return {
    inputs: [...start, ...scanned],
    attributes: {
      body,
      num_scan_inputs: count,
      ...when(axes.some((axis) => axis > 0) || v.chance(0.3), { scan_input_axes: axes.map(behind) }),
      ...when(v.chance(0.5), { scan_input_directions: axes.map(() => v.below(2)) }),
      ...when(v.chance(0.5), { scan_output_directions: [v.below(2), v.below(2)] }),
      ...when(v.chance(0.5), {
        scan_output_axes: [0, 0].map(() => behind(v.below(inner.length + 1))),
      }),
    },
    outputs: start.length + 2,
  };
}

/** Either branch makes a constant of its own length. */
function choice(v: Values): Sketch {
  const dtype = v.pick<DataType>(['float32', 'int64']);
  const branch = (): Graph => {
    const length = v.whole(1, 4);
    const values = Array.from({ length }, () => v.whole(-5, 5)).join(', ');
    const word = dtype === 'float32' ? 'float' : 'int64';
    return bodyOf(v, '', `${word}[${length}] y, ${word}[${length}] z`, [
      `c = Constant <value = ${word}[${length}] {${values}}> ()`,
      'y = Add (c, c)',
      'z = Identity (c)',
    ]);
  };
  return {
    inputs: [tensor('bool', v.pick([[], [1]]), [v.chance(0.5)])],
    attributes: { then_branch: branch(), else_branch: branch() },
    outputs: 2,
  };
}

export const controlled: readonly Maker[] = [
  { ...common, opType: 'Loop', since: 11, weight: 2, make: loop },
  { ...common, opType: 'Scan', since: 11, weight: 2, make: scan },
  { ...common, opType: 'If', since: 11, make: choice },
];
