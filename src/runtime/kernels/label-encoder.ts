import type { DataType, Tensor } from '../../ir/index.ts';
import { ModelError } from '../../support/errors.ts';
import { arrayOf, fromTensor, type NdArray } from '../array.ts';
import { kernel } from '../kernel.ts';

type Attributes = Readonly<Record<string, unknown>>;
type Label = string | number | bigint;

const labels: readonly DataType[] = ['string', 'int64', 'float32', 'int32', 'int16', 'float64'];

/**
 * Replaces each key by its value, and what is no key by a default. Version 1 counts in a list of names, both ways.
 *
 * @see https://onnx.ai/onnx/operators/onnx_aionnxml_LabelEncoder.html
 */
export const labelEncoder = kernel<string>('LabelEncoder', {
  domain: 'ai.onnx.ml',
  versions: [1, 2, 3, 4, 5],
  types: 'T -> ?',
  where: { T: labels },
  outputTypes: ({ attributes, inputs: [keys], version }) => [
    version === 1 ? (keys === 'string' ? 'int64' : 'string') : valuesOf(attributes).dtype,
  ],
  run({ attributes, inputs: [x], version }) {
    const { keys, values, dtype, fallback } =
      version === 1 ? countedLabels(attributes, x!.dtype) : listedLabels(attributes);
    if (keys.length !== values.length)
      throw new ModelError(
        'shape-mismatch',
        `LabelEncoder has ${keys.length} keys, but ${values.length} values.`,
      );
    // As text a key is the same whatever it is stored in, NaN is itself, and −0 is 0.
    const known = new Map(keys.map((key, i) => [String(key), values[i]!]));
    const found = Array.from(x!.data as ArrayLike<Label>, (key) => known.get(String(key)) ?? fallback);
    return arrayOf(dtype, x!.dims, found);
  },
});

interface Labels {
  readonly keys: readonly Label[];
  readonly values: readonly Label[];
  readonly dtype: DataType;
  readonly fallback: Label;
}

function countedLabels(attributes: Attributes, from: DataType): Labels {
  const names = (attributes['classes_strings'] as readonly string[] | undefined) ?? [];
  const places = names.map((_, i) => i);
  const { default_string: text = '_Unused', default_int64: whole = -1 } = attributes as {
    default_string?: string;
    default_int64?: number;
  };
  return from === 'string'
    ? { keys: names, values: places, dtype: 'int64', fallback: whole }
    : { keys: places, values: names, dtype: 'string', fallback: text };
}

function listedLabels(attributes: Attributes): Labels {
  const { dtype, values, fallback } = valuesOf(attributes);
  return { keys: listOf(attributes, 'keys').list, values, dtype, fallback };
}

function valuesOf(attributes: Attributes): Omit<Labels, 'keys'> {
  const { dtype, list } = listOf(attributes, 'values');
  const given = attributes['default_as_tensor'] as Tensor | undefined;
  if (given !== undefined) return { dtype, values: list, fallback: elementsOf(fromTensor(given))[0] ?? 0 };
  const [name, usual] = defaults[dtype] ?? (['', 0] as const);
  return { dtype, values: list, fallback: (attributes[name] as Label | undefined) ?? usual };
}

const defaults: Partial<Record<DataType, readonly [string, Label]>> = {
  string: ['default_string', '_Unused'],
  int64: ['default_int64', -1],
  float32: ['default_float', -0],
};

/** `keys_strings`, `keys_int64s`, `keys_floats` or `keys_as_tensor`, and the same of the values. */
function listOf(
  attributes: Attributes,
  what: 'keys' | 'values',
): { dtype: DataType; list: readonly Label[] } {
  const held = attributes[`${what}_as_tensor`] as Tensor | undefined;
  if (held !== undefined) return { dtype: held.dtype, list: elementsOf(fromTensor(held)) };
  for (const [suffix, dtype] of [
    ['strings', 'string'],
    ['int64s', 'int64'],
    ['floats', 'float32'],
  ] as const) {
    const list = attributes[`${what}_${suffix}`] as readonly Label[] | undefined;
    if (list !== undefined) return { dtype, list };
  }
  throw new ModelError('missing-attribute', `LabelEncoder needs ${what}.`, {
    fix: `Give it ${what}_strings, ${what}_int64s, ${what}_floats or ${what}_as_tensor.`,
  });
}

function elementsOf({ data }: NdArray): Label[] {
  return Array.from(data as ArrayLike<Label>);
}
