import type { PlainValue } from '../ops/index.ts';
import type {
  AnyPattern,
  EachPattern,
  InputPattern,
  NodeMatch,
  NodePattern,
  OneOfPattern,
  OptionalPattern,
  OutputPattern,
} from '../pattern/index.ts';
import { type Captures, factsOf, Value } from '../pattern/index.ts';
import { RuleError } from '../support/errors.ts';
import type { Builder } from './builder.ts';

/** Replacements written like patterns: `becomes: op.Relu(any('x'))`. */

/** The names a template takes its operands from. */
export function templateNames(template: InputPattern): ReadonlySet<string> {
  if (template.kind === 'node') {
    const own = (template as NodePattern).options.name;
    return new Set([...factsOf([template as NodePattern]).captureNames].filter((name) => name !== own));
  }
  const { name } = template as AnyPattern;
  return new Set(name === undefined ? [] : [name]);
}

/** Number of nodes a pattern or template has at least. */
export function templateSize(template: InputPattern): number {
  switch (template.kind) {
    case 'node':
      return (
        1 + (template as NodePattern).options.inputs.reduce((size, input) => size + templateSize(input), 0)
      );
    case 'output':
      return templateSize((template as OutputPattern).node);
    case 'one-of':
      return Math.min(...(template as OneOfPattern).choices.map(templateSize));
    default:
      return 0;
  }
}

/** Whether some node of the result could be matched by a root again; says yes when in doubt. */
export function couldMatchItself(roots: readonly NodePattern[], template: InputPattern): boolean {
  return nodesOf(template).some((node) => roots.some((root) => couldMatch(root, node)));
}

/** Builds what a template says. */
export function buildTemplate(template: InputPattern, captures: Captures, build: Builder): Value | undefined {
  if (template.kind === 'node') {
    const { operators, domain, inputs, attributes } = (template as NodePattern).options;
    const values: Record<string, PlainValue | undefined> = Object.create(null);
    for (const [name, value] of attributes) {
      if (typeof value === 'function')
        throw new RuleError(
          'bad-replacement',
          `A template gives attribute "${name}" a value, not a condition.`,
        );
      values[name] = value;
    }
    return build.node(operators[0]!, {
      domain: domain === '' ? undefined : domain,
      inputs: inputs.map((input) => buildTemplate(input, captures, build)),
      attributes: values,
    })[0];
  }
  if (template.kind === 'absent') return undefined;
  const capture = captures[(template as AnyPattern).name ?? ''];
  if (capture instanceof Value || capture === undefined) return capture;
  return (capture as NodeMatch).output;
}

function nodesOf(template: InputPattern): readonly NodePattern[] {
  if (template.kind !== 'node') return [];
  return [template as NodePattern, ...(template as NodePattern).options.inputs.flatMap(nodesOf)];
}

function couldMatch(pattern: InputPattern, result: InputPattern): boolean {
  switch (pattern.kind) {
    case 'any':
      return true;
    case 'constant':
      return result.kind !== 'node';
    case 'absent':
      return result.kind === 'absent';
    case 'optional':
      return couldMatch((pattern as OptionalPattern).inner, result) || result.kind === 'absent';
    case 'each':
      return couldMatch((pattern as EachPattern).inner, result);
    case 'one-of':
      return (pattern as OneOfPattern).choices.some((choice) => couldMatch(choice, result));
    case 'output':
      return result.kind !== 'absent';
    case 'node': {
      if (result.kind !== 'node') return result.kind !== 'absent' && result.kind !== 'constant';
      const [a, b] = [(pattern as NodePattern).options, (result as NodePattern).options];
      if (a.domain !== b.domain || !a.operators.includes(b.operators[0]!)) return false;
      for (const [name, value] of a.attributes) {
        const made = b.attributes.get(name);
        if (typeof value !== 'function' && made !== undefined && made !== value) return false;
      }
      return a.inputs.every((input, i) => b.inputs[i] === undefined || couldMatch(input, b.inputs[i]!));
    }
  }
}
