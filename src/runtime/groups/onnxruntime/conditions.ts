import { type DataType, valuesOf } from '../../../ir/index.ts';
import { floatAttribute, intAttribute } from '../../../ops/index.ts';
import { isScalar, numberOf, sameTensorScale, tensorScaleOf } from '../quantizers.ts';
import { type Candidate, presentCount, readersOf } from './candidate.ts';

/** What holds elsewhere than in the model. */
export interface OnnxRuntimeOptions {
  /**
   * Whether the machine's kernels take int8 activations, `session.qdqisint8allowed`: ONNX Runtime's default is yes on Arm,
   * no elsewhere.
   */
  readonly int8: boolean;
}

/** Part of a rule: what has to hold for people, and the check: a sentence where it does not. */
export interface Condition {
  readonly says: string;
  readonly fails: (candidate: Candidate, options: OnnxRuntimeOptions) => string | false | undefined;
}

/** A number of inputs are dequantized, each by a dequantizer that nobody else reads. */
export function dequantizedInputs(count: 'all' | number): Condition {
  return {
    says:
      count === 'all'
        ? 'every input is dequantized'
        : `${count} ${count === 1 ? 'input is' : 'inputs are'} dequantized`,
    fails({ graph, node, dequantizers }) {
      const wanted = count === 'all' ? presentCount(node.inputs) : count;
      if (dequantizers.length !== wanted)
        return `${dequantizers.length} of ${wanted} inputs that have to be dequantized are`;
      const shared = dequantizers.find(({ outputs }) => graph.onlyReader(outputs[0]!) === undefined);
      return shared && `the dequantized value "${shared.outputs[0]}" is an output or read inside a subgraph`;
    },
  };
}

/** Every output goes to one quantizer and nowhere else. */
export function quantizedOutputs(need: 'needed' | 'optional'): Condition {
  return {
    says: need === 'needed' ? 'every output is quantized' : 'the output is quantized, or nobody quantizes it',
    fails({ graph, node, clip, quantizers }) {
      if (quantizers.length === 0) return need === 'needed' && 'its output is not quantized';
      if (node.outputs.some((output) => graph.session.isOutput(output)))
        return 'it makes an output of the graph';
      const readers = readersOf(graph, clip ?? node).length;
      if (readers !== quantizers.length) return 'its output has readers besides the quantizer';
      const outputs = presentCount(node.outputs);
      return quantizers.length !== outputs && `${quantizers.length} quantizers read ${outputs} outputs`;
    },
  };
}

/** No Relu or Clip is skipped over. */
export const nothingBetween: Condition = {
  says: 'the quantizer follows at once',
  fails: ({ clip }) => clip && `${clip.opType} stands between the operator and its quantizer`,
};

/** All codes, coming in and going out, have one element type. */
export const oneType: Condition = {
  says: 'all codes have one element type',
  fails: ({ inputTypes, outputTypes }) =>
    new Set([...inputTypes, ...outputTypes]).size > 1 &&
    `its codes come as ${inputTypes.join(', ')} and go as ${outputTypes.join(', ')}`,
};

/** The first input and the output have one element type. */
export const firstTypeGoesOut: Condition = {
  says: 'the codes that come in first and those that go out have one element type',
  fails: ({ inputTypes: [first], outputTypes }) =>
    outputTypes.some((type) => type !== first) &&
    `its codes come as ${first} and go as ${outputTypes.join(', ')}`,
};

/** The codes of the first inputs have one of some element types. */
export function codesOf(types: readonly DataType[], inputs = Infinity): Condition {
  return {
    says: `codes are ${types.join(' or ')}`,
    fails({ inputTypes }) {
      const other = inputTypes.slice(0, inputs).find((type) => type === undefined || !types.includes(type));
      const isOther = inputTypes.slice(0, inputs).some((type) => type === undefined || !types.includes(type));
      return isOther && `it runs on ${types.join(' or ')}, not on ${other ?? 'codes of an unknown type'}`;
    },
  };
}

/** int8 data needs int8 weights, and a machine whose kernels take it. */
export function signedData(where: 'anywhere' | 'where allowed'): Condition {
  return {
    says: `int8 data has int8 weights${where === 'anywhere' ? '' : ', and int8 is allowed'}`,
    fails({ inputTypes: [data, weights] }, { int8 }) {
      if (data !== 'int8') return false;
      if (where === 'where allowed' && !int8) return 'int8 data is not allowed on this machine';
      return weights !== 'int8' && `int8 data cannot be multiplied with ${weights} weights`;
    },
  };
}

/** A third input is int32. */
export const integerBias: Condition = {
  says: 'a bias is int32',
  fails: ({ inputTypes: [, , bias] }) =>
    bias !== undefined && bias !== 'int32' && `its bias is ${bias}, not int32`,
};

/**
 * A dequantized bias counts in units of x's scale times the weights' scales, to within a hundredth: the fused operator adds its
 * codes to the sums as they are.
 */
export const biasCountsProducts: Condition = {
  says: "the bias has the scale of the products, x's scale times the weights'",
  fails({ graph, dequantizers }) {
    const [x, w, bias] = dequantizers.map((source) => graph.constant(source.inputs[1]));
    if (dequantizers.length < 3) return false;
    if (!isScalar(x) || [w, bias].some((scale) => scale?.dtype !== 'float32'))
      return 'the scales of its data, weights and bias are not all constants';
    const [ws, bs] = [valuesOf(w!), valuesOf(bias!)] as [Float32Array, Float32Array];
    const channels = Math.max(ws.length, bs.length);
    for (let i = 0; i < channels; i++) {
      const wanted = numberOf(x) * ws[i % ws.length]!;
      if (!(Math.abs(bs[i % bs.length]! - wanted) <= 0.01 * Math.abs(wanted)))
        return `its bias has the scale ${bs[i % bs.length]}, but the products have ${wanted}`;
    }
    return false;
  },
};

/** The codes keep scale, zero point and element type. */
export const sameScales: Condition = {
  says: 'scale, zero point and element type are equal constants on both sides',
  fails: ({ graph, dequantizers: [before], quantizers }) =>
    quantizers.some(
      (quantizer) => !sameTensorScale(tensorScaleOf(graph, before!), tensorScaleOf(graph, quantizer)),
    ) && 'the scales before and behind it are not equal constants of the whole tensor',
};

/** The first dequantizer has a scale and a zero point that are one constant each. */
export const plainScale: Condition = {
  says: 'scale and zero point are one constant each',
  fails({ graph, dequantizers: [before] }) {
    const scale = tensorScaleOf(graph, before!);
    return (scale === undefined || !scale.hasZero) && 'its scale and zero point are not one constant each';
  },
};

/** Codes are in the order of the numbers they stand for. */
export const positiveScale: Condition = {
  says: 'the scale is positive',
  fails: ({ graph, quantizers: [quantizer] }) =>
    !((tensorScaleOf(graph, quantizer!)?.scale ?? 0) > 0) && 'its scale is not a positive constant',
};

/** Data has one scale; only weights may have more. */
export function perTensor(...inputs: readonly number[]): Condition {
  return {
    says: 'data has one scale for the whole tensor',
    fails({ graph, dequantizers, quantizers }) {
      const nodes = [
        ...dequantizers.filter((_, i) => inputs.length === 0 || inputs.includes(i)),
        ...quantizers,
      ];
      const wrong = nodes.find((node) => {
        const scale = graph.constant(node.inputs[1]);
        return scale !== undefined && !isScalar(scale);
      });
      return wrong && `"${wrong.outputs[0]}" has scales along an axis`;
    },
  };
}

/** The second input's scales are one, or one for each index of an axis (or, blocked, of none). */
export function weightScalesAlong(axisOf: (candidate: Candidate) => number): Condition {
  return {
    says: 'weights have one scale, or one for each output channel',
    fails(candidate) {
      const { graph, dequantizers } = candidate;
      const pair = dequantizers[1]!;
      const scale = graph.constant(pair.inputs[1]);
      if (scale === undefined || isScalar(scale)) return false;
      const weights = graph.constant(pair.inputs[0]);
      const rank = weights?.dims.length ?? 2;
      const axis = intAttribute(pair, 'axis', 1);
      if (scale.dims.length !== 1 || intAttribute(pair, 'block_size', 0) !== 0)
        return 'its weights have scales for blocks';
      return (
        (axis < 0 ? axis + rank : axis) !== axisOf(candidate) && `its weights have scales along axis ${axis}`
      );
    },
  };
}

/** Gemm adds its third input as it is. */
export const plainBias: Condition = {
  says: 'beta is 1 where there is a bias',
  fails: ({ node, dequantizers }) =>
    dequantizers.length > 2 && floatAttribute(node, 'beta', 1) !== 1 && 'its bias is scaled by beta',
};
