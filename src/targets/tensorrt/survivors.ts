import { findDataType } from '../../ir/index.ts';
import type { SurvivingQuantizer } from '../plan.ts';
import type { Demands } from './demands.ts';
import { type Chain, chainKey, type Network, type Parameters } from './network.ts';
import { createReasons } from './reasons.ts';
import { elementBytesOf, elementsOf } from './shapes.ts';
import type { Unit } from './units.ts';

/**
 * The quantizers that stay kernels of their own: where a value is written otherwise than a reader wants it. Equal ones
 * of one value are one. They come in the order of the data.
 */
export function survivorsOf(
  network: Network,
  units: readonly Unit[],
  demands: Demands,
): readonly SurvivingQuantizer[] {
  const reasons = createReasons(network, units, demands);
  const made = new Map(units.flatMap((unit) => unit.outputs.map((output) => [output, unit] as const)));
  const found = new Map<string, SurvivingQuantizer>();
  const add = (
    kind: SurvivingQuantizer['kind'],
    tensor: string,
    via: Parameters,
    after: Parameters | undefined,
  ) => {
    const key = `${kind} ${JSON.stringify(tensor)} ${after?.key ?? ''} ${via.key}`;
    if (found.has(key)) return;
    const bytes = bytesMoved(network, kind, tensor, via, after);
    found.set(key, { kind, tensor, bytes, ...reasons.of(kind, tensor, via) });
  };
  const requantize = (tensor: string, from: Parameters, chain: Chain) => {
    let before = from;
    for (const parameters of chain) {
      if (parameters.key !== before.key) add('Scale', tensor, parameters, before);
      before = parameters;
    }
  };
  for (const [tensor, wanted] of demands.wanted) {
    const unit = made.get(tensor);
    const native = (unit && demands.decisions.get(unit)?.native) ?? network.storedAs(tensor) ?? [];
    const last = native.at(-1);
    for (const { chain } of wanted) {
      if (chainKey(chain) === chainKey(native)) continue;
      if (last === undefined) {
        add('Q', tensor, chain[0]!, undefined);
        requantize(tensor, chain[0]!, chain);
      } else if (chain.length === 0) add('DQ', tensor, last, undefined);
      else requantize(tensor, last, startsWith(chain, native) ? chain.slice(native.length) : chain);
    }
  }
  for (const { tensor, parameters } of demands.floatReads) add('DQ', tensor, parameters, undefined);
  const places = new Map(network.inputs.map((name, i) => [name, i - network.inputs.length] as const));
  units.forEach(({ outputs }, i) => {
    for (const output of outputs) places.set(output, i);
  });
  return [...found.values()].sort((a, b) => (places.get(a.tensor) ?? 0) - (places.get(b.tensor) ?? 0));
}

function startsWith(chain: Chain, start: Chain): boolean {
  return start.every(({ key }, i) => chain[i]?.key === key);
}

/** Bytes read and written by a kernel that quantizes, dequantizes or requantizes a value. */
function bytesMoved(
  network: Network,
  kind: SurvivingQuantizer['kind'],
  tensor: string,
  to: Parameters,
  from: Parameters | undefined,
): number | null {
  const elements = elementsOf(network, tensor);
  if (elements === undefined) return null;
  const width = ({ quantization: { dtype } }: Parameters) => ((dtype && findDataType(dtype)?.bits) ?? 8) / 8;
  const other = kind === 'Scale' ? width(from ?? to) : elementBytesOf(network, tensor);
  return Math.ceil(elements * (width(to) + other));
}
