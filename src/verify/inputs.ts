import {
  type DataType,
  findDataType,
  integerRange,
  type Model,
  type Tensor,
  tensor,
  type ValueInfo,
  valuesOf,
} from '../ir/index.ts';
import { roundHalfEven } from '../support/rounding.ts';
import { channelOf, dequantize, type Grid, gridsAfterInput } from './quantizers.ts';

/** How the inputs of the model before are fed to the model after. */
export interface InputLink {
  /** Inputs of the model after for inputs of the model before. */
  feed(inputs: ReadonlyMap<string, Tensor>): ReadonlyMap<string, Tensor>;
  /** What changed; nothing can be run when one of these is `fatal`. */
  readonly changes: readonly InputChange[];
}

export interface InputChange {
  readonly code: 'input-renamed' | 'input-missing' | 'input-added' | 'input-type-changed';
  readonly at: string;
  readonly message: string;
  readonly fatal: boolean;
}

interface Port {
  readonly before: string;
  readonly after: string;
  readonly convert: (value: Tensor) => Tensor;
}

/**
 * Joins the inputs of two models: by name, else by position. A float input that became an integer one is quantized with
 * the scale of the DequantizeLinear that reads it, and the other way round.
 */
export function linkInputs(before: Model, after: Model): InputLink {
  const [old, now] = [before.graph.inputs, after.graph.inputs];
  const newNames = new Set(now.map(({ name }) => name));
  const oldNames = new Set(old.map(({ name }) => name));
  const changes: InputChange[] = [];
  const ports = old.flatMap((input, position): Port[] => {
    const counterpart = newNames.has(input.name)
      ? now.find(({ name }) => name === input.name)
      : unknownTo(oldNames, now[position]);
    if (counterpart === undefined) {
      const message = `Input "${input.name}" is gone.`;
      changes.push({ code: 'input-missing', at: input.name, message, fatal: false });
      return [];
    }
    if (counterpart.name !== input.name) {
      const message = `Input "${input.name}" is now called "${counterpart.name}".`;
      changes.push({ code: 'input-renamed', at: input.name, message, fatal: false });
    }
    const conversion = conversionOf(before, input, after, counterpart);
    if (conversion.change) changes.push(conversion.change);
    return [{ before: input.name, after: counterpart.name, convert: conversion.convert }];
  });
  changes.push(...addedInputs(after, new Set(ports.map((port) => port.after))));
  const byName = new Map(ports.map((port) => [port.before, port]));
  const feed = (inputs: ReadonlyMap<string, Tensor>) =>
    new Map(
      [...inputs].flatMap(([name, value]): [string, Tensor][] => {
        const port = byName.get(name);
        return port === undefined ? [] : [[port.after, port.convert(value)]];
      }),
    );
  return { feed, changes };
}

function unknownTo(names: ReadonlySet<string>, input: ValueInfo | undefined): ValueInfo | undefined {
  return input === undefined || names.has(input.name) ? undefined : input;
}

function addedInputs(after: Model, linked: ReadonlySet<string>): readonly InputChange[] {
  const defaults = new Set(after.graph.initializers.map(({ name }) => name));
  return after.graph.inputs
    .filter(({ name }) => !linked.has(name))
    .map(({ name }) => ({
      code: 'input-added' as const,
      at: name,
      message: `Input "${name}" is new${defaults.has(name) ? '; its initializer is used' : ' and has no initializer'}.`,
      fatal: !defaults.has(name),
    }));
}

function conversionOf(
  before: Model,
  input: ValueInfo,
  after: Model,
  counterpart: ValueInfo,
): { readonly convert: (value: Tensor) => Tensor; readonly change?: InputChange } {
  const [from, to] = [dtypeOf(input), dtypeOf(counterpart)];
  const same = (value: Tensor) => value;
  if (from === undefined || to === undefined || from === to) return { convert: same };
  const changed = (how: string, fatal: boolean): InputChange => ({
    code: 'input-type-changed',
    at: input.name,
    message: `Input "${input.name}" was ${from} and is ${to}; ${how}.`,
    fatal,
  });
  const grid = (
    isFloat(from) ? gridsAfterInput(after, counterpart.name) : gridsAfterInput(before, input.name)
  )[0];
  if (grid !== undefined && isFloat(from) && grid.dtype === to) {
    return {
      convert: (value) => quantize(value, grid),
      change: changed(`it is fed quantized with scale ${grid.scales[0]}`, false),
    };
  }
  if (grid !== undefined && isFloat(to) && grid.dtype === from) {
    return {
      convert: (value) => dequantize(value, grid),
      change: changed(`it is fed dequantized with scale ${grid.scales[0]}`, false),
    };
  }
  return { convert: same, change: changed('no quantizer tells how to convert it', true) };
}

function quantize(value: Tensor, grid: Grid): Tensor {
  const { min, max } = integerRange(grid.dtype)!;
  const values = valuesOf(value);
  const channel = channelOf(value.dims, grid);
  const codes = Array.from({ length: values.length }, (_, i) => {
    const c = channel(i);
    const rounded = roundHalfEven(Math.fround(Number(values[i]!) / grid.scales[c]!));
    return Math.min(max, Math.max(min, (Number.isNaN(rounded) ? 0 : rounded) + (grid.zeroPoints[c] ?? 0)));
  });
  return tensor(grid.dtype, value.dims, codes, value.name);
}

function dtypeOf({ type }: ValueInfo): DataType | undefined {
  return type?.kind === 'tensor' && type.elemType !== 'undefined' ? type.elemType : undefined;
}

function isFloat(dtype: DataType): boolean {
  return findDataType(dtype)?.kind === 'float';
}
