import type { NodeMatch, Objection, Value } from '../pattern/index.ts';
import { epilogues } from './operators.ts';

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

/** Objects where a value and the one that takes its place are known to be of different types. */
export function unlessOtherType(x: Value, other: Value): Objection {
  return (
    x.dtype !== undefined &&
    other.dtype !== undefined &&
    x.dtype !== other.dtype &&
    `${x} is ${x.dtype}, and ${other} ${other.dtype}`
  );
}
