import { appended, type Chain, chainKey, type Edge, type Network, type Parameters } from './network.ts';
import type { Unit } from './units.ts';

/** What is asked of a value: the quantizers between it and one of its readers. */
export interface Demand {
  readonly chain: Chain;
  /** The unit that reads; absent for a graph output. */
  readonly unit: Unit | undefined;
  /** The value is the residual of a fused Add. */
  readonly residual: boolean;
}

/** What the engine makes of a unit. */
export interface Decision {
  /** Whether it computes in integers, or moves them. */
  readonly quantized: boolean;
  /** How its outputs are written; empty for floats. */
  readonly native: Chain;
}

/** A reader that takes as floats what has passed a quantizer on its way there. */
export interface FloatRead {
  readonly tensor: string;
  readonly parameters: Parameters;
  /** Absent for a graph output. */
  readonly unit: Unit | undefined;
  /** The value is the residual of a fused Add. */
  readonly residual: boolean;
}

export interface Demands {
  /** By value; what nobody reads is not there. */
  readonly wanted: ReadonlyMap<string, readonly Demand[]>;
  readonly decisions: ReadonlyMap<Unit, Decision>;
  readonly floatReads: readonly FloatRead[];
}

/**
 * Sweeps a network once, from its outputs to its inputs: each unit sees what all readers want of its outputs, decides
 * what it writes, and asks for its inputs. Quantizers thereby move backwards across operators that copy, as far as all
 * readers agree; a unit writes integers only if every reader wants the same.
 */
export function demandsOf(network: Network, units: readonly Unit[]): Demands {
  const sweep = new Sweep();
  for (const output of network.outputs) sweep.ask(output, undefined);
  for (const unit of [...units].reverse()) sweep.visit(unit);
  return sweep;
}

const float: Decision = { quantized: false, native: [] };

class Sweep implements Demands {
  readonly wanted = new Map<string, Demand[]>();
  readonly decisions = new Map<Unit, Decision>();
  readonly floatReads: FloatRead[] = [];

  visit(unit: Unit): void {
    const common = this.#commonChain(unit);
    const decision = decide(unit, common);
    this.decisions.set(unit, decision);
    const moved = unit.kind === 'copy' && common !== undefined ? common : [];
    for (const edge of unit.main) this.ask(edge, unit, { moved, asFloats: !decision.quantized });
    for (const edge of unit.others) this.ask(edge, unit);
    if (unit.residual !== undefined)
      this.ask(unit.residual, unit, { residual: true, asFloats: decision.native.length === 0 });
  }

  /** Notes that somebody reads a value, through the quantizers on the edge and those that moved in front of it. */
  ask(
    edge: Edge,
    unit: Unit | undefined,
    {
      moved = [],
      residual = false,
      asFloats = true,
    }: { readonly moved?: Chain; readonly residual?: boolean; readonly asFloats?: boolean } = {},
  ): void {
    if (edge.constant) return;
    const { tensor } = edge;
    const demand = { chain: appended(edge.chain, moved), unit, residual };
    const known = this.wanted.get(tensor);
    if (known === undefined) this.wanted.set(tensor, [demand]);
    else known.push(demand);
    const parameters = edge.chain.at(-1);
    if (asFloats && parameters !== undefined && !edge.codes)
      this.floatReads.push({ tensor, parameters, unit, residual });
  }

  /** The quantizers all readers of a unit want alike; absent when they differ, or one wants floats. */
  #commonChain({ outputs }: Unit): Chain | undefined {
    const [first, ...more] = outputs.flatMap((output) => this.wanted.get(output) ?? []);
    if (first === undefined || first.chain.length === 0) return undefined;
    const key = chainKey(first.chain);
    return more.every(({ chain }) => chainKey(chain) === key) ? first.chain : undefined;
  }
}

function decide(unit: Unit, common: Chain | undefined): Decision {
  const { kind, main, residual, weight, core } = unit;
  const quantized = main.length > 0 && main.every(({ chain }) => chain.length > 0);
  // Only a convolution requantizes what it has quantized; others leave that to a Scale.
  const native = common === undefined || core.opType === 'Conv' ? (common ?? []) : common.slice(0, 1);
  if (kind === 'weighted') {
    if (!quantized || weight?.length === 0) return float;
    return { quantized, native: residual === undefined || residual.chain.length > 0 ? native : [] };
  }
  if (kind === 'product') return quantized ? { quantized, native } : float;
  if (kind === 'pointwise') return quantized && native.length > 0 ? { quantized, native } : float;
  if (kind === 'copy')
    return common === undefined ? forwarded(unit, quantized) : { quantized: true, native: common };
  return float;
}

/** A copy of values that are all quantized alike copies the codes; a Relu is none, it only lets Q through. */
function forwarded({ main, core }: Unit, quantized: boolean): Decision {
  const last = main.map(({ chain }) => chain.at(-1));
  const same = quantized && last.every((parameters) => parameters!.key === last[0]!.key);
  return same && core.opType !== 'Relu' ? { quantized, native: [last[0]!] } : float;
}
