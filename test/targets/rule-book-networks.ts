import type { Model } from '../../src/ir/index.ts';
import { quantizedGraph } from './quantized-graph.ts';

/** The layers of a ResNet-18, four channels wide, with quantizers on its residuals or without. */
export function resnet18(residuals: boolean): Model {
  const lines = ['x_q = QDQ (x, 0.5)', 'c = QConv (x_q)', 'n = BN (c)', 'r = Relu (n)'];
  lines.push('b0 = MaxPool <kernel_shape = [1, 1]> (r)');
  for (let i = 0; i < 8; i++) {
    const shortcut = i > 0 && i % 2 === 0;
    lines.push(
      `q${i} = QDQ (b${i}, ${i + 1})`,
      `c${i} = QConv (q${i})`,
      `n${i} = BN (c${i})`,
      `r${i} = Relu (n${i})`,
    );
    lines.push(`p${i} = QDQ (r${i}, 0.25)`, `d${i} = QConv (p${i})`, `m${i} = BN (d${i})`);
    if (shortcut) lines.push(`s${i} = QConv (q${i})`, `t${i} = BN (s${i})`);
    const identity = shortcut ? `t${i}` : `b${i}`;
    if (residuals) lines.push(`u${i} = QDQ (${identity}, ${i + 1})`);
    lines.push(`a${i} = Add (m${i}, ${residuals ? `u${i}` : identity})`, `b${i + 1} = Relu (a${i})`);
  }
  lines.push('g = GlobalAveragePool (b8)', 'f = Flatten (g)', 'h = QDQ (f, 2)', 'y = QGemm (h)');
  return quantizedGraph(lines.join('\n'));
}

/** Blocks of a MobileNetV2, by the channels they make, how many there are, and whether the first expands. */
const inverted = [
  [1, 1],
  [2, 2],
  [3, 3],
  [4, 4],
  [5, 3],
  [6, 3],
  [7, 1],
] as const;

/** The layers of a MobileNetV2, four channels wide: 52 convolutions and a Gemm. */
export function mobilenetV2(): Model {
  const lines = ['x_q = QDQ (x, 0.5)', 'c = QConv (x_q)', 'n = BN (c)', 'v0 = Clip (n, zero_f, six)'];
  let [block, layer] = [0, 0];
  const convolution = (from: string, word: string, bounded: boolean): string => {
    const i = layer++;
    lines.push(`q${i} = QDQ (${from}, ${i + 1})`, `c${i} = ${word} (q${i})`, `n${i} = BN (c${i})`);
    if (!bounded) return `n${i}`;
    lines.push(`r${i} = Clip (n${i}, zero_f, six)`);
    return `r${i}`;
  };
  for (const [channels, count] of inverted) {
    for (let i = 0; i < count; i++, block++) {
      const wide = channels === 1 ? `v${block}` : convolution(`v${block}`, 'QConv', true);
      const narrow = convolution(convolution(wide, 'QDwConv', true), 'QConv', false);
      lines.push(
        i === 0 ? `v${block + 1} = Identity (${narrow})` : `v${block + 1} = Add (v${block}, ${narrow})`,
      );
    }
  }
  const last = convolution(`v${block}`, 'QConv', true);
  lines.push(`g = GlobalAveragePool (${last})`, 'f = Flatten (g)', 'h = QDQ (f, 2)', 'y = QGemm (h)');
  return quantizedGraph(lines.join('\n'), { constants: ['float zero_f = {0}', 'float six = {6}'] });
}
