import { type NodeMatch, numbersOf, type Objection, quantizersPass, type Value } from '../pattern/index.ts';
import { averagePools, curvedActivations, epilogues, weighted } from './operators.ts';

/** What the rules ask about the nodes around a match. */

/** The standard operator that makes a value, or undefined. */
export function makerOf(value: Value): NodeMatch | undefined {
  const { maker } = value;
  return maker?.isStandard === true ? maker : undefined;
}

/** Objects unless an operator makes the value that takes in what stands behind it. */
export function unlessBehindEpilogue(x: Value): Objection {
  const maker = makerOf(x);
  if (maker !== undefined && epilogues.has(maker.opType)) return false;
  return `${maker ?? x} takes in no activation; nothing would be gained`;
}

/**
 * Objects unless taking a pair out takes out a rounding and nothing else: it has positive scales, equal on both sides,
 * and gives the type that it gets.
 */
export function unlessDroppable(x: Value, dequantize: NodeMatch<'DequantizeLinear'>): Objection {
  const { output } = dequantize;
  if (x.dtype !== undefined && output.dtype !== undefined && x.dtype !== output.dtype)
    return `${x} is ${x.dtype}, and ${output} ${output.dtype}`;
  const scale = dequantize.inputs[1]?.constant;
  const scales = scale === undefined ? [Number.NaN] : numbersOf(scale);
  const odd = scales.find((s) => !(s > 0 && Number.isFinite(s)));
  return odd !== undefined && `the scale ${odd} is not a positive number`;
}

/** Objects unless all that becomes of a value is told by the nodes that read it: no output, no subgraph. */
export function unlessInnerValue(value: Value): Objection {
  if (value.isGraphOutput) return `${value} is an output of the graph`;
  if (value.uses.length === 0) return `nobody reads ${value}`;
  const captured = value.uses.find(({ index }) => index < 0);
  return captured !== undefined && `a subgraph of ${captured.reader} reads ${value}`;
}

/** Objects unless every reader of a value is one of some standard operators, or says so itself. */
export function unlessAllReaders(
  value: Value,
  fits: (reader: NodeMatch, index: number) => boolean,
  wanted: string,
): Objection {
  const bad = unlessInnerValue(value);
  if (bad) return bad;
  const other = value.uses.find(({ reader, index }) => !(reader.isStandard && fits(reader, index)));
  return other !== undefined && `${other.reader} reads ${value}, too, and is no ${wanted}`;
}

/** Objects where one of some operators reads a value: the DequantizeLinear that makes it is fused with that. */
export function unlessFusedWith(value: Value, operators: readonly string[]): Objection {
  const reader = value.readers.find(({ opType }) => operators.includes(opType));
  return reader !== undefined && `${reader.opType} reads ${value}; its DequantizeLinear has to touch it`;
}

/** Objects unless a pair serves one operand of a product of two activations, alone, and the other is float. */
export function unlessHalfOf(
  product: string,
  { x, dequantize }: { readonly x: Value; readonly dequantize: NodeMatch<'DequantizeLinear'> },
  describeConstant: (reader: NodeMatch, other: Value) => string,
): Objection {
  const use = onlyReader(dequantize.output);
  if (use?.reader.opType !== product || !use.reader.isStandard)
    return `${dequantize.output} is not read by one ${product} alone`;
  const other = use.reader.inputs[1 - use.index]!;
  if (other.constant !== undefined) return describeConstant(use.reader, other);
  return (
    (x.producer === undefined && `no operator of this graph makes ${x}`) ||
    (isQuantized(other) && `${other} is quantized, too`) ||
    unlessDroppable(x, dequantize)
  );
}

/** The one node that reads a value, where there is exactly one. */
export function onlyReader(value: Value): { readonly reader: NodeMatch; readonly index: number } | undefined {
  const [use, ...others] = value.uses;
  return others.length === 0 && !value.isGraphOutput && use !== undefined && use.index >= 0 ? use : undefined;
}

/**
 * The activation that all readers of a value are, if they are one: an operator of its own, or a gate – the value times a
 * function of it, as in x · Sigmoid(x), x · HardSigmoid(x), x · Tanh(Softplus(x)) and the erf form of GELU.
 */
export function curvedActivationOn(value: Value): string | undefined {
  if (unlessInnerValue(value)) return undefined;
  const readers = value.uses.map(({ reader }) => reader);
  const [first] = readers;
  if (readers.length === 1)
    return curvedActivations.has(first!.opType) && first!.isStandard ? first!.opType : undefined;
  if (readers.length !== 2) return undefined;
  for (const [gate, product] of [readers, [...readers].reverse()] as [NodeMatch, NodeMatch][]) {
    const path = product.opType === 'Mul' && gate.node !== product.node ? gatePath(gate, product) : undefined;
    if (path !== undefined) return `${path.join(' · ')} · Mul`;
  }
  return undefined;
}

/** From the gate down to the product, over operators that nobody else reads and that take constants besides. */
function gatePath(gate: NodeMatch, product: NodeMatch): readonly string[] | undefined {
  const path: string[] = [];
  let node = gate;
  if (gate.opType === 'Mul' && gate.inputs.every((input) => input?.constant === undefined)) return undefined;
  for (let steps = 0; steps < 6; steps++) {
    if (!node.isStandard || !(gateSteps.has(node.opType) || curvedActivations.has(node.opType)))
      return undefined;
    path.push(node.opType);
    const use = onlyReader(node.output);
    if (use === undefined) return undefined;
    if (use.reader.node === product.node) {
      const isCurved = path.some((op) => op === 'Erf' || curvedActivations.has(op));
      return isCurved ? path : undefined;
    }
    const others = use.reader.inputs.filter((_, i) => i !== use.index);
    if (use.reader.opType === 'Mul' && others.some((other) => other?.constant === undefined))
      return undefined;
    node = use.reader;
  }
  return undefined;
}

const gateSteps: ReadonlySet<string> = new Set(['Div', 'Mul', 'Add', 'Erf', 'Clip']);

/** The convolution whose result a value is, batch norm and bias included; undefined where it is none. */
export function convolutionOf(value: Value): NodeMatch | undefined {
  let maker = makerOf(value);
  for (let steps = 0; steps < 3 && maker !== undefined; steps++) {
    if (maker.opType === 'Conv' || maker.opType === 'ConvTranspose') return maker;
    const isAffine =
      maker.opType === 'BatchNormalization' ||
      ((maker.opType === 'Add' || maker.opType === 'Mul') && maker.inputs[1]?.constant !== undefined);
    if (!isAffine) return undefined;
    maker = makerOf(maker.inputs[0]!);
  }
  return undefined;
}

/** The quantizer pair a value comes out of: its DequantizeLinear, and the QuantizeLinear that it reads. */
export function pairInFrontOf(value: Value):
  | {
      readonly dequantize: NodeMatch<'DequantizeLinear'>;
      readonly quantize: NodeMatch<'QuantizeLinear'>;
      readonly x: Value;
    }
  | undefined {
  const dequantize = makerOf(value);
  if (dequantize?.opType !== 'DequantizeLinear') return undefined;
  const quantize = makerOf(dequantize.inputs[0]!);
  if (quantize?.opType !== 'QuantizeLinear') return undefined;
  return { dequantize, quantize, x: quantize.inputs[0]! } as never;
}

/** Whether a value has codes behind it: a DequantizeLinear makes it, or copies of one that it makes. */
export function isQuantized(value: Value): boolean {
  let maker = makerOf(value);
  for (let steps = 0; steps < 8 && maker !== undefined; steps++) {
    if (maker.opType === 'DequantizeLinear') return true;
    if (!quantizersPass.has(maker.opType)) return false;
    maker = makerOf(maker.inputs[0]!);
  }
  return false;
}

/** Whether the operators that make a value leave no negative number in it, whatever the model is fed. */
export function isNeverNegative(value: Value, steps = 20): boolean {
  const maker = makerOf(value);
  if (value.constant !== undefined) return numbersOf(value.constant).every((x) => x >= 0);
  if (maker === undefined || steps === 0) return false;
  const holds = (input: Value | undefined) => input !== undefined && isNeverNegative(input, steps - 1);
  const [x, low] = maker.inputs;
  if (positive.has(maker.opType)) return true;
  if (merging.has(maker.opType)) return maker.inputs.every(holds);
  if (maker.opType === 'Clip' && low?.constant !== undefined && numbersOf(low.constant)[0]! >= 0) return true;
  if (maker.opType === 'DequantizeLinear')
    return beginsAtZero(maker.inputs[2]) || holds(makerOf(x!)?.inputs[0]);
  return holdsBack.has(maker.opType) && holds(x);
}

/** Whether a zero point is the smallest code of 8 bits. */
function beginsAtZero(zero: Value | undefined): boolean {
  const smallest =
    zero?.constant?.dtype === 'uint8' ? 0 : zero?.constant?.dtype === 'int8' ? -128 : undefined;
  return smallest !== undefined && numbersOf(zero!.constant!).every((code) => code === smallest);
}

/** Operators that make no negative number of anything. */
const positive: ReadonlySet<string> = new Set([
  'Relu',
  'Sigmoid',
  'HardSigmoid',
  'Softmax',
  'Exp',
  'Abs',
  'Sqrt',
]);

/** Operators that make a negative number only of one. */
const merging: ReadonlySet<string> = new Set(['Concat', 'Add', 'Mul']);
const holdsBack: ReadonlySet<string> = new Set([
  ...quantizersPass,
  ...averagePools,
  'MaxPool',
  'GlobalMaxPool',
  'Clip',
]);

/**
 * Whether the engine can write a value as codes if all its readers want them: a quantized operator with weights makes it,
 * with what is fused behind that, or copies and pools of such a value. Other operators write floats, and a quantizer
 * behind them is a kernel of its own.
 */
export function canWriteCodes(value: Value, steps = 40): boolean {
  const maker = makerOf(value);
  if (maker === undefined || steps === 0) return false;
  const can = (input: Value | undefined) => input !== undefined && canWriteCodes(input, steps - 1);
  const [x, y] = maker.inputs;
  if (maker.opType === 'DequantizeLinear') return true;
  if (isWeighted.has(maker.opType) || averagePools.has(maker.opType)) return isQuantized(x!);
  if (maker.opType === 'Concat') return maker.inputs.every(can);
  if (maker.opType === 'Add' || maker.opType === 'Mul') {
    if (x!.constant !== undefined || y!.constant !== undefined) return can(x!.constant === undefined ? x : y);
    if (isQuantized(x!) && isQuantized(y!)) return true;
    if (maker.opType === 'Mul') return isSilu(x!, y!) ? can(x) : isSilu(y!, x!) && can(y);
    const isTakenIn = (value: Value) => convolutionOf(value) !== undefined && can(value);
    return (isQuantized(x!) && isTakenIn(y!)) || (isQuantized(y!) && isTakenIn(x!));
  }
  return fused.has(maker.opType) && can(x);
}

/** Whether a gate is the sigmoid of a value that comes from no depthwise convolution: these are not fused with SiLU. */
function isSilu(x: Value, gate: Value): boolean {
  const sigmoid = makerOf(gate);
  if (sigmoid?.opType !== 'Sigmoid' || sigmoid.inputs[0]?.name !== x.name) return false;
  const conv = convolutionOf(x) as NodeMatch<'Conv'> | undefined;
  return conv === undefined || conv.attributes.group === 1;
}

const isWeighted: ReadonlySet<string> = new Set(weighted);

/** Operators of one activation that are fused with what makes it, or move past quantizers. */
const fused: ReadonlySet<string> = new Set([
  ...quantizersPass,
  'MaxPool',
  'BatchNormalization',
  'Relu',
  'Clip',
  'LeakyRelu',
  'Gelu',
]);
