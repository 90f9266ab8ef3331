import type { Attribute, Node } from '../ir/index.ts';
import { type PlainValue, plainAttributes } from '../ops/index.ts';

const limit = BigInt(Number.MAX_SAFE_INTEGER);

/**
 * A node's attributes with schema defaults as kernels see them. Whole numbers beyond ±2^53 (an `ends` of INT64_MAX in an
 * old Slice) become ±2^53, which is beyond every dimension there can be; Constant reads its values from the node itself.
 */
export function kernelAttributes(
  node: Node,
  opset: number,
): Readonly<Record<string, PlainValue | undefined>> {
  const fits = node.attributes.every((attribute) => clamped(attribute) === attribute);
  return plainAttributes(fits ? node : { ...node, attributes: node.attributes.map(clamped) }, opset);
}

function clamped(attribute: Attribute): Attribute {
  if (attribute.type === 'INT' && outside(attribute.value))
    return { ...attribute, value: clamp(attribute.value) };
  if (attribute.type === 'INTS' && attribute.value.some(outside))
    return { ...attribute, value: attribute.value.map(clamp) };
  return attribute;
}

function outside(value: bigint): boolean {
  return value > limit || value < -limit;
}

function clamp(value: bigint): bigint {
  return value > limit ? limit : value < -limit ? -limit : value;
}
