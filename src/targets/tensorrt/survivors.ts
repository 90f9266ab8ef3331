import { findDataType } from '../../ir/index.ts';
import type { SurvivingQuantizer } from '../plan.ts';
import type { Demand, Demands } from './demands.ts';
import { type Chain, chainKey, type Network, type Parameters } from './network.ts';
import { createReasons, type Reasons } from './reasons.ts';
import { elementBytesOf, elementsOf } from './shapes.ts';
import { nameOf, type Unit } from './units.ts';

/**
 * The quantizers that stay kernels of their own: where a value is written otherwise than a reader wants it. Equal ones
 * of one value are one. They come in the order of the data.
 */
export function survivorsOf(
  network: Network,
  units: readonly Unit[],
  demands: Demands,
): readonly SurvivingQuantizer[] {
  const collecting = new Collecting(network, createReasons(network, units, demands));
  const made = new Map(units.flatMap((unit) => unit.outputs.map((output) => [output, unit] as const)));
  for (const [tensor, wanted] of demands.wanted) {
    const unit = made.get(tensor);
    const native = (unit && demands.decisions.get(unit)?.native) ?? network.storedAs(tensor) ?? [];
    for (const demand of wanted) collecting.serve(tensor, native, demand);
  }
  for (const { tensor, parameters, unit } of demands.floatReads)
    collecting.add('DQ', tensor, parameters, unit);
  const places = new Map(network.inputs.map((name, i) => [name, i - network.inputs.length] as const));
  units.forEach(({ outputs }, i) => {
    for (const output of outputs) places.set(output, i);
  });
  return collecting.found().sort((a, b) => (places.get(a.tensor) ?? 0) - (places.get(b.tensor) ?? 0));
}

class Collecting {
  readonly #network: Network;
  readonly #reasons: Reasons;
  readonly #found = new Map<
    string,
    Omit<SurvivingQuantizer, 'readers'> & { readonly readers: Set<string> }
  >();

  constructor(network: Network, reasons: Reasons) {
    this.#network = network;
    this.#reasons = reasons;
  }

  found(): SurvivingQuantizer[] {
    return [...this.#found.values()].map((one) => ({ ...one, readers: [...one.readers] }));
  }

  /** What stands between a value as it is written and as a reader wants it. */
  serve(tensor: string, native: Chain, { chain, unit }: Demand): void {
    if (chainKey(chain) === chainKey(native)) return;
    const last = native.at(-1);
    if (last === undefined) {
      this.add('Q', tensor, chain[0]!, unit);
      this.#requantize(tensor, chain[0]!, chain, unit);
    } else if (chain.length === 0) this.add('DQ', tensor, last, unit);
    else this.#requantize(tensor, last, startsWith(chain, native) ? chain.slice(native.length) : chain, unit);
  }

  add(
    kind: SurvivingQuantizer['kind'],
    tensor: string,
    via: Parameters,
    reader: Unit | undefined,
    before?: Parameters,
  ): void {
    const key = `${kind} ${JSON.stringify(tensor)} ${before?.key ?? ''} ${via.key}`;
    const made = this.#found.get(key) ?? {
      kind,
      tensor,
      bytes: bytesMoved(this.#network, kind, tensor, via, before),
      ...this.#reasons.of(kind, tensor, via),
      readers: new Set<string>(),
    };
    made.readers.add(reader === undefined ? 'graph output' : nameOf(reader.core));
    this.#found.set(key, made);
  }

  #requantize(tensor: string, from: Parameters, chain: Chain, reader: Unit | undefined): void {
    let before = from;
    for (const parameters of chain) {
      if (parameters.key !== before.key) this.add('Scale', tensor, parameters, reader, before);
      before = parameters;
    }
  }
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
