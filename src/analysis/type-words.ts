import type { Type } from '../ir/index.ts';

/** A type in one word, without the types inside it. */
export function typeWord(type: Type): string {
  const denotation = type.denotation ?? '';
  switch (type.kind) {
    case 'tensor':
    case 'sparse-tensor': {
      const dims = type.shape?.map(({ value, param }) => value ?? (param ? `"${param}"` : '?'));
      return `${type.kind} ${type.elemType}${dims === undefined ? '' : `[${dims}]`} ${denotation}`;
    }
    case 'map':
      return `map ${type.keyType} ${denotation}`;
    case 'opaque':
      return `opaque ${type.domain} ${type.name} ${denotation}`;
    default:
      return `${type.kind} ${denotation}`;
  }
}

/** The type inside a sequence, an optional or a map. */
export function innerType(type: Type): Type | undefined {
  return type.kind === 'sequence' || type.kind === 'optional'
    ? type.elem
    : type.kind === 'map'
      ? type.valueType
      : undefined;
}
