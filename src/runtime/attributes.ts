import type { Attribute, Node } from '../ir/index.ts';
import { findSchema, type OperatorSchema, type PlainValue, plainAttributes } from '../ops/index.ts';
import { ModelError } from '../support/errors.ts';
import { checkWords } from './attribute-words.ts';

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

/**
 * Checks a node against its schema before anything relies on it: inputs that are required, attributes that are required
 * and their types, words among the known ones. Nodes of other domains have no schema to be checked against.
 *
 * @throws ModelError `missing-input`, `too-many-inputs`, `missing-attribute`, `attribute-type` or `unsupported-attribute`
 */
export function checkNode(node: Node, opset: number): void {
  checkWords(node);
  const schema = findSchema(node.domain, node.opType, opset);
  if (schema === undefined) return;
  checkInputs(node, schema);
  for (const { name, required } of schema.attributes.values()) {
    if (required && !node.attributes.some((attribute) => attribute.name === name))
      throw new ModelError('missing-attribute', `${node.opType} needs the attribute "${name}".`);
  }
  for (const { name, type } of node.attributes) {
    const wanted = schema.attributes.get(name)?.type;
    if (wanted === undefined)
      throw new ModelError(
        'unsupported-attribute',
        `${node.opType} of version ${schema.since} has no attribute "${name}".`,
        { fix: 'Import the opset that the node was written for, or remove the attribute.' },
      );
    if (type !== wanted)
      throw new ModelError(
        'attribute-type',
        `"${name}" of ${node.opType} is ${type}; it has to be ${wanted}.`,
      );
  }
}

/** Loop and Scan count their optional first inputs among the required ones. */
const leadingOptional = new Set(['Loop', 'Scan']);

function checkInputs(node: Node, { minInputs, maxInputs }: OperatorSchema): void {
  const given = node.inputs.length;
  if (given > maxInputs)
    throw new ModelError('too-many-inputs', `${node.opType} has ${given} inputs; it takes ${maxInputs}.`);
  const gap = leadingOptional.has(node.opType) ? -1 : node.inputs.slice(0, minInputs).indexOf('');
  if (given < minInputs || gap >= 0)
    throw new ModelError(
      'missing-input',
      `${node.opType} needs ${minInputs} inputs; input ${gap < 0 ? given : gap} is absent.`,
    );
}
