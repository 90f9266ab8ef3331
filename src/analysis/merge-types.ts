import type { Type } from '../ir/index.ts';
import { type Dim, toDim, toDimension } from '../ops/index.ts';

export interface MergedType {
  /** What both say together; where they contradict each other, what was inferred. */
  readonly type: Type | undefined;
  /** How they contradict each other, as a sentence; absent when they do not. */
  readonly conflict?: string | undefined;
}

/**
 * Joins what a file declares of a value with what follows from its producer: a number beats a symbol, a symbol beats
 * nothing, and of two symbols the declared one stays. Different numbers, ranks or element types are a conflict: then
 * the declaration is stale, and the inferred type counts.
 */
export function mergeTypes(declared: Type | undefined, inferred: Type | undefined): MergedType {
  if (declared === undefined || declared.kind === 'none') return { type: inferred };
  if (inferred === undefined || inferred.kind === 'none') return { type: declared };
  if (declared.kind !== inferred.kind)
    return { type: inferred, conflict: `It is declared as a ${declared.kind}, but is a ${inferred.kind}.` };
  if (declared.kind === 'sequence' || declared.kind === 'optional') {
    const inner = mergeTypes(declared.elem, (inferred as typeof declared).elem);
    return { type: { ...declared, elem: inner.type }, conflict: inner.conflict };
  }
  return declared.kind === 'tensor'
    ? mergeTensors(declared, inferred as typeof declared)
    : { type: declared };
}

type TensorType = Extract<Type, { kind: 'tensor' | 'sparse-tensor' }>;

function mergeTensors(declared: TensorType, inferred: TensorType): MergedType {
  const elemType = inferred.elemType === 'undefined' ? declared.elemType : inferred.elemType;
  if (declared.elemType !== 'undefined' && elemType !== declared.elemType)
    return { type: inferred, conflict: `It is declared as ${declared.elemType}, but is ${elemType}.` };
  if (inferred.shape === undefined || declared.shape === undefined)
    return { type: { ...declared, elemType, shape: declared.shape ?? inferred.shape } };
  const [left, right] = [declared.shape.map(toDim), inferred.shape.map(toDim)];
  if (left.length !== right.length)
    return {
      type: inferred,
      conflict: `It is declared with rank ${left.length}, but has rank ${right.length}.`,
    };
  const clash = left.findIndex(
    (dim, i) => typeof dim === 'number' && typeof right[i] === 'number' && dim !== right[i],
  );
  if (clash >= 0) {
    const shapes = `as [${left.map(word)}], but is [${right.map(word)}]`;
    return { type: inferred, conflict: `It is declared ${shapes}.` };
  }
  const same = left.every(
    (dim, i) => dim !== undefined && (typeof dim === 'number' || typeof right[i] !== 'number'),
  );
  if (same) return { type: { ...declared, elemType } };
  return {
    type: { ...declared, elemType, shape: left.map((dim, i) => toDimension(mergeDims(dim, right[i]))) },
  };
}

function mergeDims(declared: Dim, inferred: Dim): Dim {
  return typeof inferred === 'number' ? inferred : (declared ?? inferred);
}

function word(dim: Dim): string {
  return String(dim ?? '?');
}
