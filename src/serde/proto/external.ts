import type { StringEntry } from '../../ir/index.ts';
import { ModelError } from '../../support/errors.ts';

/** What the external_data entries of a tensor say, checked. */
export interface ExternalReference {
  /** Name of the tensor. */
  readonly tensor: string | undefined;
  /** As written in the file: not yet known to be a harmless path. */
  readonly location: string;
  readonly offset: number;
  /** Bytes to read: what the tensor's type and dims take. */
  readonly length: number;
  /** SHA-1 of the whole external file, in hexadecimal. */
  readonly checksum: string | undefined;
}

/**
 * Finds the bytes of a tensor whose elements are in another file. Called on first use of the elements, perhaps more
 * than once. Returns exactly `length` bytes; throws a ModelError if there are none.
 */
export type ExternalResolver = (reference: ExternalReference) => Uint8Array;

/** Reads external_data entries. Unknown keys are ignored; a key given twice has no meaning and is refused. */
export function readExternalEntries(
  entries: readonly StringEntry[],
  tensor: string | undefined,
  length: number,
  at: string,
): ExternalReference {
  const fail = (message: string): never => {
    throw new ModelError(
      'external-data-invalid',
      `${tensor ? `Tensor "${tensor}"` : 'A tensor'}: ${message}`,
      { at, fix },
    );
  };
  const known = new Map<string, string>();
  for (const { key = '', value = '' } of entries) {
    if (!keys.has(key)) continue;
    if (known.has(key)) fail(`external_data gives "${key}" twice.`);
    known.set(key, value);
  }
  const size = (key: string): number | undefined => {
    const text = known.get(key);
    if (text === undefined) return undefined;
    if (!/^\d{1,16}$/.test(text) || !Number.isSafeInteger(Number(text)))
      fail(`external_data ${key} ${JSON.stringify(text)} is no byte count.`);
    return Number(text);
  };
  const location = known.get('location') ?? fail('external_data has no location.');
  const declared = size('length');
  if (declared !== undefined && declared !== length)
    fail(`external_data holds ${declared} bytes, but its type and dims need ${length}.`);
  return { tensor, location, offset: size('offset') ?? 0, length, checksum: known.get('checksum') };
}

const keys = new Set(['location', 'offset', 'length', 'checksum', 'basepath']);
const fix = 'The model is damaged or hostile; get it again from its source, together with its data file.';
