import { ModelError } from '../../support/errors.ts';
import { makeArray } from '../array.ts';
import { kernel } from '../kernel.ts';

/**
 * Strings without stop words, in upper or lower case. Stop words are compared before the case changes if the case
 * matters, and in the changed case if not. Where nothing is left, one empty string is.
 */
export const stringNormalizer = kernel('StringNormalizer', {
  versions: [10],
  types: 'string -> string',
  run({ attributes, inputs: [x] }) {
    const { case_change_action: action, is_case_sensitive, locale, stopwords = [] } = attributes;
    const { dims } = x!;
    if (dims.length === 0 || dims.length > 2 || (dims.length === 2 && dims[0] !== 1))
      throw new ModelError('shape-mismatch', `Strings are normalized in [C] or [1, C], not in [${dims}].`);
    const change = caseChange(action, locale);
    // Words that are compared without regard to case are brought to one case, the one of the output.
    const folded = action === 'NONE' ? caseChange('LOWER', locale) : change;
    const plain = (text: string) => (is_case_sensitive === 1 ? text : folded(text));
    const stops = new Set(stopwords.map(plain));
    const kept = (x!.data as readonly string[]).filter((text) => !stops.has(plain(text))).map(change);
    const words = kept.length === 0 ? [''] : kept;
    return makeArray('string', dims.length === 2 ? [1, words.length] : [words.length], words);
  },
});

function caseChange(action: string, locale: string | undefined): (text: string) => string {
  const language = languageOf(locale);
  switch (action) {
    case 'NONE':
      return (text) => text;
    case 'LOWER':
      return (text) => text.toLocaleLowerCase(language);
    case 'UPPER':
      return (text) => text.toLocaleUpperCase(language);
    default:
      throw new ModelError(
        'unsupported-attribute',
        `StringNormalizer has no case_change_action "${action}".`,
      );
  }
}

/** `en_US.UTF-8` is `en-US`; a locale without a language is the invariant one. */
function languageOf(locale: string | undefined): string {
  const tag = /^[a-z]{2,3}([_-][a-zA-Z]{2})?/.exec(locale ?? '')?.[0];
  return tag === undefined ? 'en-US' : tag.replace('_', '-');
}
