import type { Attribute, FunctionDefinition, Node } from '../../ir/index.ts';
import { findSchema, newestOpset, normalDomain, type OperatorSchema, schemasOf } from '../../ops/index.ts';
import type { Report } from './report.ts';
import { checkSparse, checkTensor } from './tensors.ts';

/** What the rules of one graph's nodes depend on. */
export interface NodeRules {
  /** Imported version of a domain, in the model or in the function. */
  readonly opset: (domain: string | undefined) => number | undefined;
  readonly findFunction: (node: Node) => FunctionDefinition | undefined;
  readonly inFunction: boolean;
}

/** A node against the schema of its operator: domain, version, numbers of inputs and outputs, attributes. */
export function checkNode(report: Report, node: Node, at: string, rules: NodeRules): void {
  if (node.opType === '') {
    report.error('missing-op-type', at, 'The node names no operator.', reexport);
    return;
  }
  if (node.inputs.length === 0 && node.outputs.length === 0)
    report.error(
      'node-without-values',
      at,
      `${node.opType} has neither inputs nor outputs.`,
      'Remove the node.',
    );
  checkAttributes(report, node, at, rules);
  const opset = rules.opset(node.domain);
  if (opset === undefined) {
    const domain = normalDomain(node.domain);
    report.error(
      'domain-not-imported',
      at,
      `${node.opType} is of domain "${domain}", which the ${rules.inFunction ? 'function' : 'model'} does not import.`,
      `Add an opset_import of "${domain}".`,
    );
    return;
  }
  if (rules.findFunction(node) !== undefined) return;
  const schema = findSchema(node.domain, node.opType, opset);
  if (schema === undefined) checkUnknown(report, node, at, opset);
  else checkSchema(report, node, at, schema, opset);
}

function checkUnknown(report: Report, node: Node, at: string, opset: number): void {
  if (normalDomain(node.domain) !== '') return;
  const first = schemasOf('', node.opType)[0];
  if (first !== undefined) {
    report.error(
      'operator-too-new',
      at,
      `${node.opType} exists since opset ${first.since}; the model imports ${opset}.`,
      `Import opset ${first.since} or newer.`,
    );
  } else if (opset > newestOpset) {
    report.warning(
      'unknown-operator',
      at,
      `${node.opType} of opset ${opset} is newer than this library.`,
      'Update it.',
    );
  } else {
    report.error(
      'unknown-operator',
      at,
      `There is no operator ${node.opType} in opset ${opset}.`,
      'Give its domain.',
    );
  }
}

function checkSchema(report: Report, node: Node, at: string, schema: OperatorSchema, opset: number): void {
  const { opType } = node;
  if (schema.deprecated) {
    report.error(
      'deprecated-operator',
      at,
      `${opType} is deprecated since opset ${schema.since}; the model imports ${opset}.`,
      'Convert the model, or import an older opset.',
    );
    return;
  }
  checkCount(report, at, opType, 'inputs', node.inputs, schema.minInputs, schema.maxInputs);
  checkCount(report, at, opType, 'outputs', node.outputs, schema.minOutputs, schema.maxOutputs);
  // The counts of Loop and Scan include optional inputs in front of the carried ones.
  if (opType !== 'Loop' && opType !== 'Scan') {
    const absent = node.inputs.findIndex((input, i) => input === '' && i < schema.minInputs);
    if (absent >= 0)
      report.error(
        'missing-input',
        `${at}/input ${absent}`,
        `Input ${absent} of ${opType} is absent but required.`,
        reexport,
      );
  }
  for (const attribute of node.attributes) {
    const known = schema.attributes.get(attribute.name);
    const type = attribute.type === 'REFERENCE' ? attribute.valueType : attribute.type;
    if (known === undefined) {
      const message = `${opType}-${schema.since} has no attribute "${attribute.name}".`;
      report.error(
        'unknown-attribute',
        `${at}/${attribute.name}`,
        message,
        'Remove it, or import the opset that has it.',
      );
    } else if (type !== known.type && type !== 'UNDEFINED') {
      const message = `Attribute "${attribute.name}" of ${opType} is ${type}; it has to be ${known.type}.`;
      report.error('attribute-type', `${at}/${attribute.name}`, message, reexport);
    }
  }
  for (const { name, required } of schema.attributes.values()) {
    if (required && !node.attributes.some((attribute) => attribute.name === name))
      report.error('missing-attribute', at, `${opType} needs the attribute "${name}".`, reexport);
  }
}

function checkCount(
  report: Report,
  at: string,
  opType: string,
  what: 'inputs' | 'outputs',
  names: readonly string[],
  least: number,
  most: number,
): void {
  let count = names.length;
  while (count > least && names[count - 1] === '') count--;
  if (count >= least && count <= most) return;
  const wanted =
    least === most ? `${least}` : most === Infinity ? `at least ${least}` : `${least} to ${most}`;
  report.error('arity', at, `${opType} has ${count} ${what}; it takes ${wanted}.`, reexport);
}

function checkAttributes(report: Report, node: Node, at: string, rules: NodeRules): void {
  const names = new Set<string>();
  for (const attribute of node.attributes) {
    const place = `${at}/${attribute.name}`;
    if (attribute.name === '') report.error('attribute-name', at, 'An attribute has no name.', reexport);
    if (names.has(attribute.name))
      report.error(
        'duplicate-attribute',
        place,
        `The attribute "${attribute.name}" is given twice.`,
        'Keep one.',
      );
    names.add(attribute.name);
    checkAttribute(report, attribute, place, rules);
  }
}

function checkAttribute(report: Report, attribute: Attribute, at: string, rules: NodeRules): void {
  switch (attribute.type) {
    case 'UNDEFINED':
      report.error('attribute-type', at, `The attribute "${attribute.name}" has no known type.`, reexport);
      return;
    case 'REFERENCE':
      if (!rules.inFunction)
        report.error(
          'reference-outside-function',
          at,
          `The attribute "${attribute.name}" refers to "${attribute.value}", but is in no function.`,
          'Give its value.',
        );
      return;
    case 'TENSOR':
      checkTensor(report, attribute.value, at);
      return;
    case 'TENSORS':
      for (const tensor of attribute.value) checkTensor(report, tensor, at);
      return;
    case 'SPARSE_TENSOR':
      checkSparse(report, attribute.value, at);
      return;
    case 'SPARSE_TENSORS':
      for (const sparse of attribute.value) checkSparse(report, sparse, at);
  }
}

const reexport = 'Correct what made this node, or export the model again.';
