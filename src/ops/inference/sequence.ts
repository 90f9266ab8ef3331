import { dataTypeFromCode, type Type } from '../../ir/index.ts';
import { attributeValue } from '../attributes.ts';
import type { Call, Register } from './call.ts';
import { commonFacts, type Dim, dtypeOf, type Facts, shapeOf, tensorFacts } from './facts.ts';

/** Sequences and optional values. */
export function registerSequence(register: Register): void {
  register('SequenceConstruct', (call) => [
    sequenceOf(
      call.inputs.slice(1).reduce((common, facts) => commonFacts(common, facts), call.facts(0))?.type,
    ),
  ]);
  register('SequenceEmpty', (call) => [
    sequenceOf(tensorFacts(dataTypeFromCode(call.int('dtype', 1)), undefined).type),
  ]);
  register('SequenceInsert', (call) => {
    const elem = elementOf(call.facts(0));
    // An empty sequence knows no shape; what is put in does not narrow it.
    return [sequenceOf(commonFacts(elem, call.facts(1))?.type ?? elem?.type)];
  });
  register('SequenceErase', (call) => [call.facts(0)]);
  register('SequenceAt', (call) => [elementOf(call.facts(0))]);
  register('SequenceLength', () => [tensorFacts('int64', [])]);
  register('SplitToSequence', (call) => [splitToSequence(call)]);
  register('ConcatFromSequence', (call) => {
    const elem = elementOf(call.facts(0));
    const shape = shapeOf(elem);
    if (shape === undefined) return [tensorFacts(dtypeOf(elem), undefined)];
    const stacks = call.int('new_axis', 0) !== 0;
    const axis = call.axis(call.int('axis', 0), shape.length + (stacks ? 1 : 0));
    const joined = stacks
      ? [...shape.slice(0, axis), undefined, ...shape.slice(axis)]
      : shape.map((dim, i) => (i === axis ? undefined : dim));
    return [tensorFacts(dtypeOf(elem), joined)];
  });
  register('Optional', (call) => {
    const elem = call.facts(0)?.type ?? attributeValue(call.node, 'type', 'TYPE_PROTO');
    return [{ type: { kind: 'optional', elem } }];
  });
  register('OptionalHasElement', () => [tensorFacts('bool', [])]);
  register('OptionalGetElement', (call) => {
    const type = call.facts(0)?.type;
    if (type === undefined) return [];
    return [type.kind === 'optional' ? type.elem && { type: type.elem } : { type }];
  });
}

function sequenceOf(elem: Type | undefined): Facts {
  return { type: { kind: 'sequence', elem } };
}

function elementOf(sequence: Facts | undefined): Facts | undefined {
  const type = sequence?.type;
  return type?.kind === 'sequence' && type.elem !== undefined ? { type: type.elem } : undefined;
}

function splitToSequence(call: Call): Facts {
  const x = call.shape(0);
  if (x === undefined) return sequenceOf(tensorFacts(call.dtype(0), undefined).type);
  const axis = call.axis(call.int('axis', 0), x.length);
  const length = pieceLength(call, x[axis]);
  const dropped = !call.has(1) && call.int('keepdims', 1) === 0;
  const shape = dropped ? x.filter((_, i) => i !== axis) : x.map((dim, i) => (i === axis ? length : dim));
  return sequenceOf(tensorFacts(call.dtype(0), shape).type);
}

/** The length all pieces share, if they do. */
function pieceLength(call: Call, total: Dim): Dim {
  if (!call.has(1)) return 1;
  const lengths = call.numbers(1);
  if (lengths === undefined || lengths.length === 0) return undefined;
  if (call.rank(1) === 0)
    return typeof total === 'number' && total % lengths[0]! === 0 ? lengths[0] : undefined;
  return lengths.every((length) => length === lengths[0]) ? lengths[0] : undefined;
}
