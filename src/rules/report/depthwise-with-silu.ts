import { any, each, type NodeMatch, type Objection, op } from '../../pattern/index.ts';
import { rule } from '../../rewrite/index.ts';
import { curvedActivationOn, isQuantized, makerOf, onlyReader } from '../neighbours.ts';

/**
 * depthwise Conv(DQ) → SiLU → Q  ⇒  a finding
 *
 * A depthwise convolution is not fused with such an activation: the int8 kernel writes floats, the activation runs alone,
 * and some versions have no kernel at all. Leave the convolution float, or retrain with Relu.
 */
export const depthwiseWithSilu = rule({
  name: 'depthwise-with-silu',
  summary: 'quantized depthwise Conv → SiLU ⇒ a finding',
  reason: 'A depthwise convolution takes in a Relu, but no SiLU: int8 gains nothing here.',
  condition:
    'As many groups as input channels, a quantized input, and an activation other than Relu or Clip. Reports, changes nothing.',
  sources: [
    'https://github.com/NVIDIA/TensorRT/issues/3205',
    'https://github.com/NVIDIA/TensorRT/issues/3385',
  ],

  match: op.Conv(any('x'), any('w'), each('rest', any('b'), { atLeast: 0 })).as('conv'),

  unless: ({ x, conv }) =>
    unlessDepthwise(x.dims?.[1], conv) || unlessSilu(conv) || (!isQuantized(x) && `${conv} is not quantized`),

  report: ({ conv }) =>
    `${conv} is depthwise and has ${activationBehind(conv)} behind it, which it does not take in: leave it float, or use Relu`,
});

function unlessDepthwise(channels: number | string | undefined, conv: NodeMatch<'Conv'>): Objection {
  const { group } = conv.attributes;
  return !(group > 1 && group === channels) && `${conv} is not depthwise`;
}

function unlessSilu(conv: NodeMatch<'Conv'>): Objection {
  return activationBehind(conv) === undefined && `no activation but Relu and Clip is behind ${conv}`;
}

function activationBehind(conv: NodeMatch): string | undefined {
  const next = onlyReader(conv.output)?.reader;
  const end =
    next?.opType === 'BatchNormalization' && makerOf(next.output) !== undefined ? next.output : conv.output;
  return curvedActivationOn(end);
}
