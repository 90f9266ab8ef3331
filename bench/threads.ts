/** Integer kernels on two threads beside the same on one, layers of five milliseconds or more on one. */
import type { IntegerLayer } from './contenders.ts';
import { median, type Row, table } from './support.ts';
import { Thread } from './thread.ts';

const zero = 128;

const layers: readonly (readonly [name: string, layer: IntegerLayer])[] = [
  layer('stem 7×7, stride 2', 3, 224, 224, 64, 7, 2),
  layer('3×3, 64 at 80', 64, 80, 80, 64, 3),
  layer('3×3, 128 at 40', 128, 40, 40, 128, 3),
  layer('3×3, 256 at 20', 256, 20, 20, 256, 3),
  layer('3×3, 512 at 7', 512, 7, 7, 512, 3),
  layer('512 × 512 × 512 as 1×1', 512, 1, 512, 512, 1),
];

function layer(
  name: string,
  channels: number,
  height: number,
  width: number,
  filters: number,
  kernel: number,
  stride = 1,
): readonly [string, IntegerLayer] {
  const pads = new Array<number>(4).fill((kernel - 1) >> 1);
  return [
    name,
    {
      xDims: [1, channels, height, width],
      x: Uint8Array.from({ length: channels * height * width }, (_, i) => (i * 7919) >> 3),
      wDims: [filters, channels, kernel, kernel],
      w: Int8Array.from(
        { length: filters * channels * kernel * kernel },
        (_, i) => ((i * 104729) >> 5) % 127,
      ),
      attributes: { strides: [stride, stride], pads },
      zero,
      threads: 1,
    },
  ];
}

/** The table as Markdown. */
export async function run(rounds = 15): Promise<string> {
  const rows: Row[] = [];
  for (const [name, layer] of layers) rows.push(await measure(name, layer, rounds));
  return [
    `Milliseconds; medians of ${rounds} rounds. The sums are compared bit by bit.`,
    '',
    table(['layer', 'one thread', 'two threads', 'faster', 'goal'], rows),
  ].join('\n');
}

async function measure(name: string, layer: IntegerLayer, rounds: number): Promise<Row> {
  const [one, two] = [new Thread(), new Thread()];
  const sums = await one.prepare<Int32Array>('integerConvolution', layer);
  const same = await two.prepare<Int32Array>('integerConvolution', { ...layer, threads: 2 });
  if (sums.some((sum, i) => sum !== same[i]))
    throw new Error(`${name}: two threads give other sums than one.`);
  await one.time(300);
  await two.time(300);
  const samples: [number, number][] = [];
  for (let round = 0; round < rounds; round++) samples.push([await one.time(20), await two.time(20)]);
  await one.stop();
  await two.stop();
  const [single, double] = [0, 1].map((i) => median(samples.map((sample) => sample[i]!))) as [number, number];
  return [name, single.toFixed(2), double.toFixed(2), `${(single / double).toFixed(2)} ×`, '≥ 1.8 ×'];
}
