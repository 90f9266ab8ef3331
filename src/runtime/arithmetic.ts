import { type Model, Tensor } from '../ir/index.ts';
import { intAttribute } from '../ops/index.ts';
import { fromTensor, toTensor } from './array.ts';
import type { Conventions } from './conventions.ts';
import { type Engine, type GroupedModel, groupIntegers, type HiddenValue } from './groups/index.ts';
import { dequantize } from './quantize.ts';
import type { RuntimeValue } from './values.ts';

/** How the operators between dequantizers and quantizers are computed. */
export interface ArithmeticOptions extends Partial<Conventions> {
  /**
   * `float` – the literal graph, the default; `integer` – as an engine runs it: operators between dequantizers and quantizers on
   * codes, with int32 sums that are requantized once (see `groupIntegers`). There, int32 sums that overflow are an error unless
   * `overflow` says otherwise.
   */
  readonly arithmetic?: 'float' | 'integer';
  /** Whose group rules integer arithmetic follows; ONNX Runtime's unless given. TensorRT rounds half to even unless `rounding` is given. */
  readonly engine?: Engine;
  /** ONNX Runtime only: whether its kernels take int8 activations, as on Arm; by default they do not, as on x64. */
  readonly int8?: boolean;
}

/** Options that name values. */
interface ValueOptions extends ArithmeticOptions {
  readonly outputs?: readonly string[] | undefined;
}

type Watch = (name: string, value: Tensor) => void;

/** A model with options as they are run, and how the results are given back. */
export interface Arrangement<Options> {
  readonly model: Model;
  readonly options: Options;
  /** Gives wanted values their names and numbers in the given model. */
  readonly restore: (outputs: Map<string, RuntimeValue>) => Map<string, RuntimeValue>;
  /** Tells the values of the given model, too. */
  readonly telling: (onValue: Watch) => Watch;
}

/**
 * What is run for a model: itself, or in integer arithmetic the model of its groups, made once per model.
 *
 * Values keep their names. A dequantized value that integer arithmetic has as codes only is dequantized for `onValue` and
 * `outputs`; what lies inside a group, between an operator and its quantizer, does not exist there and is not told.
 */
export function arrange<Options extends ValueOptions>(model: Model, options: Options): Arrangement<Options> {
  if (options.arithmetic !== 'integer') return { model, options, restore: itself, telling: itself };
  const { engine = 'onnxruntime', int8 = false } = options;
  const { model: grouped, hidden } = groupedOnce(model, engine, int8);
  const byName = new Map(hidden.map((value) => [value.name, value]));
  const { outputs } = options;
  const arranged: Options = {
    ...options,
    rounding: options.rounding ?? (engine === 'tensorrt' ? 'half-even' : 'onnxruntime'),
    overflow: options.overflow ?? 'error',
    ...(outputs && { outputs: [...new Set(outputs.map((name) => byName.get(name)?.codes ?? name))] }),
  };
  const restore = (values: Map<string, RuntimeValue>) =>
    outputs === undefined
      ? values
      : new Map(outputs.map((name) => [name, restored(byName.get(name), values) ?? values.get(name)!]));
  return {
    model: grouped,
    options: arranged,
    restore,
    telling: (onValue) => tellingHidden(hidden, onValue),
  };
}

function itself<T>(value: T): T {
  return value;
}

const known = new WeakMap<Model, Map<string, GroupedModel>>();

function groupedOnce(model: Model, engine: Engine, int8: boolean): GroupedModel {
  const made = known.get(model) ?? new Map<string, GroupedModel>();
  known.set(model, made);
  const key = `${engine} ${int8}`;
  const grouped = made.get(key) ?? groupIntegers(model, { engine, int8 });
  made.set(key, grouped);
  return grouped;
}

function tellingHidden(hidden: readonly HiddenValue[], onValue: Watch): Watch {
  const byCodes = new Map<string, HiddenValue[]>();
  for (const value of hidden) byCodes.set(value.codes, [...(byCodes.get(value.codes) ?? []), value]);
  return (name, value) => {
    onValue(name, value);
    for (const real of byCodes.get(name) ?? []) onValue(real.name, dequantized(real, value));
  };
}

function restored(
  value: HiddenValue | undefined,
  values: ReadonlyMap<string, RuntimeValue>,
): RuntimeValue | undefined {
  const codes = value && values.get(value.codes);
  return codes instanceof Tensor ? dequantized(value!, codes) : undefined;
}

function dequantized({ name, node, scale, zero }: HiddenValue, codes: Tensor): Tensor {
  const [axis, blockSize] = [intAttribute(node, 'axis', 1), intAttribute(node, 'block_size', 0)];
  const options = { axis, blockSize, dtype: scale.dtype };
  return toTensor(dequantize(fromTensor(codes), fromTensor(scale), zero && fromTensor(zero), options), name);
}
