import { ModelError } from '../../support/errors.ts';
import { arrayOf } from '../array.ts';
import { kernel } from '../kernel.ts';

/** Whether a pattern (RE2 syntax, as far as JavaScript's agrees with it) matches the whole of each string. */
export const regexFullMatch = kernel('RegexFullMatch', {
  versions: [20],
  types: 'string -> bool',
  run({ attributes: { pattern = '' }, inputs: [x] }) {
    const whole = compile(pattern);
    return arrayOf(
      'bool',
      x!.dims,
      (x!.data as readonly string[]).map((text) => (whole.test(text) ? 1 : 0)),
    );
  },
});

/** Leading flags are RE2's `(?i)`, `(?s)` and `(?m)`; names of groups are `(?P<name>…)` there. */
function compile(pattern: string): RegExp {
  const [, flags = '', body = ''] = /^(?:\(\?([ims]+)\))?([\s\S]*)$/.exec(pattern)!;
  // RE2 has neither look-around nor back references; here they would match, there they are errors.
  if (/\(\?(?:[=!]|<[=!])|\\[1-9]/.test(body)) throw unsupported(pattern);
  const source = body.replaceAll('(?P<', '(?<').replaceAll('\\A', '^').replaceAll('\\z', '$');
  try {
    return new RegExp(`^(?:${source})$`, `u${flags}`);
  } catch {
    throw unsupported(pattern);
  }
}

function unsupported(pattern: string): ModelError {
  return new ModelError('unsupported-attribute', `RegexFullMatch cannot use the pattern "${pattern}".`, {
    fix: 'Patterns are RE2 regular expressions without look-around and back references.',
  });
}
