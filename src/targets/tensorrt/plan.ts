import { findDataType, type Model, type Node } from '../../ir/index.ts';
import { foldConstants, removeIdentity } from '../../passes/index.ts';
import { rewrite } from '../../rewrite/index.ts';
import { plural } from '../../support/text-table.ts';
import type { Plan, PlanLayer, PlanTotals, Precision, SurvivingQuantizer } from '../plan.ts';
import { type Decision, type Demands, demandsOf } from './demands.ts';
import { type Chain, type Network, readNetwork } from './network.ts';
import { survivorsOf } from './survivors.ts';
import { isStandard, nameOf, type Unit, unitsOf } from './units.ts';
import type { TensorrtVersion } from './versions.ts';

/**
 * Forecasts what a version of TensorRT builds of a model with explicit quantizers.
 *
 * One backward sweep over what readers want of each value takes the place of moving quantizers about; see
 * docs/plan.md for the laws it follows and what it cannot know.
 */
export function planTensorrt(model: Model, version: TensorrtVersion): Plan {
  // What exporters compute from constants – pads, weight scales – the engine folds before it looks for patterns.
  const network = readNetwork(rewrite(model, [removeIdentity, foldConstants()]).model);
  const units = unitsOf(network, version);
  const demands = demandsOf(network, units);
  const qdq = survivorsOf(network, units, demands);
  const layers = layersOf(network, units, demands);
  return {
    target: version.name,
    layers: layers.map(({ layer }) => layer),
    qdq,
    totals: totalsOf(layers, qdq),
    bytes: sumOf(qdq),
    islands: islandsOf(units, demands),
    possible: [...almostAlike(network), ...possibilities(layers, qdq, version)],
    opaque: network.nodes
      .filter((node) => !isStandard(node) || network.view.function(node) !== undefined)
      .map((node) => ({ name: nameOf(node), operator: `${node.domain ?? ''}::${node.opType}` })),
  };
}

/** Scales that training has left a few percent apart: the engine compares them bit for bit, the forecast does not. */
function almostAlike(network: Network): readonly string[] {
  return [...network.almostAlike].map(
    (tensor) =>
      `The quantizers of "${tensor}" have almost the same scale and count as one; unify-scales makes them one, and until then the engine may keep them apart.`,
  );
}

interface Planned {
  readonly layer: PlanLayer;
  readonly unit: Unit;
}

/** One layer for each unit that touches numbers; an int8 MaxPool joins the convolution with Relu in front of it. */
function layersOf(network: Network, units: readonly Unit[], { decisions }: Demands): readonly Planned[] {
  const makers = new Map(units.flatMap((unit) => unit.nodes.map((node) => [node, unit] as const)));
  const pools = new Map<Unit, Unit>();
  for (const unit of units) {
    const pool = decisions.get(unit)!.quantized ? poolBehind(network, makers, unit, decisions) : undefined;
    if (pool !== undefined) pools.set(unit, pool);
  }
  const joined = new Set(pools.values());
  return units
    .filter((unit) => !joined.has(unit) && isNumeric(network, unit))
    .map((unit) => ({ unit, layer: layerOf(unit, pools.get(unit), decisions.get(unit)!) }));
}

function layerOf(unit: Unit, pool: Unit | undefined, { quantized, native }: Decision): PlanLayer {
  const { core } = unit;
  const units = pool === undefined ? [unit] : [unit, pool];
  return {
    name: nameOf(core),
    kind: pool === undefined ? core.opType : 'ConvActPool',
    fused: units.flatMap(({ parts }) => parts).join(' + '),
    in: quantized ? precisionOf(inputChain(unit, native)) : 'F',
    out: precisionOf(native),
    residual: residualOf(unit, native),
    nodes: units.flatMap(({ nodes }) => nodes.map(nameOf)),
    reads: readsOf(unit),
    writes: units.at(-1)!.outputs,
  };
}

function readsOf({ main, residual, others }: Unit): readonly string[] {
  return [
    ...new Set(
      [...main, ...(residual === undefined ? [] : [residual]), ...others].map(({ tensor }) => tensor),
    ),
  ];
}

/** What the second input is read as: the residual of a fused Add, or one side of an Add or Mul in int8. */
function residualOf({ kind, main, residual }: Unit, native: Chain): Precision | null {
  // A fused Add reads what it writes: in front of a float output a quantized residual is dequantized.
  if (residual !== undefined) return precisionOf(native.length > 0 ? residual.chain : []);
  return kind === 'pointwise' && main.length === 2 && native.length > 0 ? precisionOf(main[1]!.chain) : null;
}

function inputChain({ kind, main }: Unit, native: Chain): Chain {
  return kind === 'copy' && native.length > 0 ? native : (main[0]?.chain ?? []);
}

/** The MaxPool that a convolution with Relu and without Add becomes one kernel with. */
function poolBehind(
  network: Network,
  makers: ReadonlyMap<Node, Unit>,
  { core, parts, residual, outputs }: Unit,
  decisions: ReadonlyMap<Unit, Decision>,
): Unit | undefined {
  if (core.opType !== 'Conv' || parts.at(-1) !== 'Relu' || residual !== undefined) return undefined;
  const [reader, ...more] = network.readersOf(outputs[0]!);
  if (reader?.node?.opType !== 'MaxPool' || more.length > 0 || reader.chain.length > 0) return undefined;
  const pool = makers.get(reader.node);
  return pool !== undefined && decisions.get(pool)!.quantized ? pool : undefined;
}

function totalsOf(layers: readonly Planned[], qdq: readonly SurvivingQuantizer[]): PlanTotals {
  const weighted = layers
    .filter(({ unit: { kind } }) => kind === 'weighted' || kind === 'product')
    .map(({ layer }) => layer);
  const count = (out: boolean, residual: boolean) =>
    weighted.filter(
      (layer) => layer.in !== 'F' && (layer.out !== 'F') === out && (layer.residual !== null) === residual,
    ).length;
  return {
    i8i8: count(true, false),
    i8f: count(false, false),
    i8i8_residual: count(true, true),
    i8f_residual: count(false, true),
    qdq: qdq.filter(({ kind }) => kind !== 'Scale').length,
    scale: qdq.filter(({ kind }) => kind === 'Scale').length,
  };
}

/** Whether a unit works on numbers a quantizer could stand in front of, not on shapes, indices or conditions. */
function isNumeric({ types }: Network, { outputs }: Unit): boolean {
  return outputs.some((output) => {
    const type = types?.typeOf(output);
    if (type === undefined) return true;
    return type.kind === 'tensor' && !['int64', 'int32', 'bool', 'string'].includes(type.elemType);
  });
}

function possibilities(
  layers: readonly Planned[],
  qdq: readonly SurvivingQuantizer[],
  { name, stronglyTyped }: TensorrtVersion,
): readonly string[] {
  const silu = layers.filter(({ layer }) => layer.in !== 'F' && layer.fused.includes('SiLU')).length;
  const unknown = qdq.filter(({ bytes }) => bytes === null).length;
  const mixed = layers.some(({ layer }) => layer.in !== layer.out);
  const float = layers.filter(({ layer }) => layer.in === 'F').length;
  return [
    silu > 0 &&
      `${plural(silu, 'convolution')} with SiLU in one kernel: on some platforms and sizes the activation stays a float kernel`,
    mixed && 'changes of memory layout around float kernels and in front of outputs: each costs a copy',
    unknown > 0 && `bytes of ${plural(unknown, 'quantizer')}: lengths of these values are not known`,
    stronglyTyped
      ? float > 0 && `${name} runs ${plural(float, 'float layer')} in the float type the file has`
      : `floats may run in float16 if the build allows it`,
  ].filter((text) => text !== false);
}

/** Units that compute in floats between int8 ones: what they read was quantized or is read as int8 too, and so is what they make. */
function islandsOf(units: readonly Unit[], { decisions, wanted }: Demands): readonly string[] {
  const makers = new Map(units.flatMap((unit) => unit.outputs.map((output) => [output, unit] as const)));
  return units
    .filter((unit) => {
      const isFed = unit.main.some(({ chain, tensor }) => {
        const maker = makers.get(tensor);
        return chain.length > 0 || (maker !== undefined && decisions.get(maker)!.quantized);
      });
      const feeds = unit.outputs.some((output) => wanted.get(output)?.some(({ chain }) => chain.length > 0));
      return !decisions.get(unit)!.quantized && isFed && feeds;
    })
    .map(({ core }) => nameOf(core));
}

function sumOf(qdq: readonly SurvivingQuantizer[]): number | null {
  return qdq.reduce<number | null>(
    (sum, { bytes }) => (sum === null || bytes === null ? null : sum + bytes),
    0,
  );
}

const widths: ReadonlyMap<number, Precision> = new Map([
  [4, 'I4'],
  [8, 'I8'],
  [16, 'I16'],
]);

function precisionOf(chain: Chain): Precision {
  const dtype = chain.at(-1)?.quantization.dtype;
  if (chain.length === 0) return 'F';
  if (dtype?.startsWith('float8')) return 'F8';
  if (dtype?.startsWith('float4')) return 'F4';
  return widths.get((dtype && findDataType(dtype)?.bits) ?? 8) ?? 'I8';
}
