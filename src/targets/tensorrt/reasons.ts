import { scaleValues } from '../../analysis/index.ts';
import type { Node } from '../../ir/index.ts';
import { formatNumber } from '../../support/text-table.ts';
import type { SurvivingQuantizer } from '../plan.ts';
import type { Demand, Demands } from './demands.ts';
import { chainKey, type Network, type Parameters } from './network.ts';
import { isAverage, isDepthwise, isStandard, type Unit } from './units.ts';

/** Why a quantizer survives, and what removes it. */
export type Reason = Pick<SurvivingQuantizer, 'law' | 'why' | 'rule'>;

export interface Reasons {
  of(kind: SurvivingQuantizer['kind'], tensor: string, parameters: Parameters): Reason;
}

/** Answers for each surviving quantizer of a plan which law keeps it. */
export function createReasons(network: Network, units: readonly Unit[], demands: Demands): Reasons {
  return new Explaining(network, units, demands);
}

class Explaining implements Reasons {
  readonly #network: Network;
  readonly #demands: Demands;
  readonly #makers: ReadonlyMap<string, Unit>;

  constructor(network: Network, units: readonly Unit[], demands: Demands) {
    this.#network = network;
    this.#demands = demands;
    this.#makers = new Map(units.flatMap((unit) => unit.outputs.map((output) => [output, unit] as const)));
  }

  of(kind: SurvivingQuantizer['kind'], tensor: string, parameters: Parameters): Reason {
    if (kind === 'Q') return this.#ofQuantize(tensor);
    return kind === 'DQ' ? this.#ofDequantize(tensor, parameters) : this.#ofScale(tensor, parameters);
  }

  #ofQuantize(tensor: string): Reason {
    const unit = this.#makers.get(tensor);
    if (unit === undefined)
      return { law: 'L7', why: `${tensor} is a graph input of floats`, rule: 'int8-input' };
    const { quantized } = this.#demands.decisions.get(unit)!;
    const wanted = this.#demands.wanted.get(tensor) ?? [];
    if (quantized && agree(wanted)) {
      const residual = unit.residual?.tensor ?? '';
      return {
        law: 'L2',
        why: `${titleOf(unit)} adds ${residual}, which is float, and therefore writes floats`,
        rule: 'quantize-residual',
      };
    }
    if (quantized)
      return { law: 'L1', why: this.#readersInWords(unit, wanted), rule: this.#ruleForReaders(wanted) };
    return this.#ofFloatMaker(unit, wanted);
  }

  /** Why a unit writes floats although there is a quantizer behind it. */
  #ofFloatMaker(unit: Unit, wanted: readonly Demand[]): Reason {
    const { core, kind } = unit;
    const disagree = this.#readersInWords(unit, wanted);
    if (kind === 'weighted' || kind === 'product') {
      const lacking = unit.weight?.length === 0 ? 'its weights have' : 'its input has';
      return { law: 'P1', why: `${titleOf(unit)} computes in floats: ${lacking} no quantizer`, rule: null };
    }
    if (kind === 'copy') {
      const law = core.opType === 'MaxPool' ? 'L5' : 'L1';
      return { law, why: disagree, rule: this.#ruleForReaders(wanted) };
    }
    const quantizedInputs = unit.main.filter(({ chain }) => chain.length > 0).length;
    if (kind === 'pointwise' && quantizedInputs > 0 && agree(wanted)) {
      const why = `${titleOf(unit)} has a quantizer on ${quantizedInputs} of ${unit.main.length} inputs`;
      return { law: pointwiseLaw(this.#network, core), why, rule: pointwiseRule(this.#network, core) };
    }
    if (kind === 'pointwise' && quantizedInputs === unit.main.length) {
      return { law: pointwiseLaw(this.#network, core), why: disagree, rule: this.#ruleForReaders(wanted) };
    }
    if (kind === 'pointwise' && isAverage(this.#network, core)) {
      const obstacle = this.#obstacleInFrontOf(unit);
      const why = `${titleOf(unit)} has no quantizer in front of it, only behind it`;
      if (obstacle === undefined) return { law: 'P18', why, rule: 'quantize-average-pool-both-sides' };
      return { law: 'P18', why: `${why}: ${obstacle}`, rule: null };
    }
    if (core.opType === 'Resize') {
      // Moving the quantizer in front of it would take it from the layer behind: a Resize is float either way.
      return { law: 'P23', why: `${titleOf(unit)} runs in floats`, rule: null };
    }
    const before = this.#weightedBefore(unit);
    if (before?.core.opType === 'ConvTranspose' && core.opType === 'BatchNormalization') {
      const rule = 'fold-batch-norm-into-quantized-conv';
      return { law: 'P14', why: `the batch norm ${titleOf(unit)} stays behind ${titleOf(before)}`, rule };
    }
    if (before !== undefined && isDepthwise(this.#network, before.core) && core.opType === 'Mul') {
      return {
        law: 'P7',
        why: `${titleOf(unit)} stays behind ${titleOf(before)}`,
        rule: 'depthwise-with-silu',
      };
    }
    return { law: 'P24', why: `${titleOf(unit)} computes in floats`, rule: null };
  }

  /** Why a quantizer in front of a pool would be a kernel of its own. */
  #obstacleInFrontOf({ main: [edge] }: Unit): string | undefined {
    const { tensor } = edge!;
    const wanted = this.#demands.wanted.get(tensor) ?? [];
    if (wanted.some(({ chain }) => chain.length > 0)) return undefined;
    const other = wanted.find(({ unit }) => unit === undefined || !isAverage(this.#network, unit.core))?.unit;
    if (other !== undefined) return `${titleOf(other)} reads ${tensor} as floats, too`;
    const maker = this.#makers.get(tensor);
    // A float residual, which keeps the maker from writing int8, has a rule of its own.
    const canBeInt8 = maker?.kind === 'copy' || (maker?.main.every(({ chain }) => chain.length > 0) ?? false);
    if (maker?.kind !== 'float' && canBeInt8) return undefined;
    return `${tensor} is written as floats whoever reads it`;
  }

  #ofDequantize(tensor: string, parameters: Parameters): Reason {
    const reads = this.#demands.floatReads.filter(
      (read) => read.tensor === tensor && read.parameters.key === parameters.key,
    );
    const read = reads.find(({ residual }) => !residual) ?? reads[0];
    if (read?.residual === true) {
      const unit = read.unit!;
      const wanted = this.#demands.wanted.get(unit.outputs[0]!) ?? [];
      const why = `${titleOf(unit)} adds ${tensor}, and ${this.#readersInWords(unit, wanted)}`;
      return { law: 'L3', why, rule: this.#ruleForReaders(wanted) };
    }
    const float = (this.#demands.wanted.get(tensor) ?? []).find(({ chain }) => chain.length === 0);
    const unit = read === undefined ? float?.unit : read.unit;
    if (unit === undefined) {
      return { law: 'L6', why: `${tensor} is given out as floats`, rule: 'remove-dangling-dequantize' };
    }
    const why = `${titleOf(unit)} reads ${tensor} as floats`;
    if (unit.kind === 'pointwise' && unit.main.some(({ chain }) => chain.length > 0)) {
      const fromConv = this.#makers.get(tensor)?.kind === 'weighted';
      const rule =
        fromConv && unit.core.opType === 'Add'
          ? 'unquantize-conv-add-edge'
          : pointwiseRule(this.#network, unit.core);
      return { law: pointwiseLaw(this.#network, unit.core), why, rule };
    }
    return { law: 'L6', why, rule: this.#ruleForFloatReader(unit, tensor) };
  }

  #ofScale(tensor: string, parameters: Parameters): Reason {
    const wanted = this.#demands.wanted.get(tensor) ?? [];
    const reader = wanted.find(({ chain }) => chain.some(({ key }) => key === parameters.key))?.unit;
    const rule = reader?.core.opType === 'Concat' ? 'unify-scales' : 'requantize-report';
    const to = reader === undefined ? 'the output wants' : `${titleOf(reader)} wants`;
    const scales = wanted.flatMap(({ chain }) => chain).filter(({ key }) => key !== parameters.key);
    const from = scales.length === 0 ? 'another scale' : scaleInWords(scales[0]!);
    return { law: 'L8', why: `${tensor} has ${from}; ${to} ${scaleInWords(parameters)}`, rule };
  }

  /** Who wants what of a value, when they do not agree. */
  #readersInWords(unit: Unit, wanted: readonly Demand[]): string {
    const floats = wanted.filter(({ chain }) => chain.length === 0);
    const scales = new Set(wanted.map(({ chain }) => chainKey(chain)).filter((key) => key !== ''));
    const parts = [
      ...readings(floats),
      scales.size > 1 ? `its readers want ${scales.size} different quantizers` : '',
    ].filter((part) => part !== '');
    return `${titleOf(unit)} writes floats: ${parts.length === 0 ? 'nothing agrees on int8' : parts.join(', and ')}`;
  }

  /** What makes the readers of a value agree. */
  #ruleForReaders(wanted: readonly Demand[]): string | null {
    const floats = wanted.filter(({ chain }) => chain.length === 0);
    if (floats.length === 0) return 'unify-scales';
    if (floats.some(({ residual }) => residual)) return 'quantize-residual';
    const unit = floats.find(({ unit }) => unit !== undefined)?.unit;
    if (unit === undefined) return null;
    if (unit.kind === 'pointwise') return pointwiseRule(this.#network, unit.core);
    return readerRules.get(unit.core.opType) ?? null;
  }

  #ruleForFloatReader({ core }: Unit, tensor: string): string {
    const behindWeights = this.#makers.get(tensor)?.kind === 'weighted';
    if (behindWeights && core.opType === 'BatchNormalization') return 'unquantize-conv-bn-edge';
    if (behindWeights && activations.has(core.opType)) return 'unquantize-before-activation';
    return (isStandard(core) && readerRules.get(core.opType)) || 'drop-isolated-qdq';
  }

  /** The unit with weights in front of another, as far as only Sigmoid and Mul lie between. */
  #weightedBefore(unit: Unit): Unit | undefined {
    for (const { tensor } of unit.main) {
      const before = this.#makers.get(tensor);
      if (before?.kind === 'weighted') return before;
    }
    return undefined;
  }
}

const activations = new Set([
  'LeakyRelu',
  'Sigmoid',
  'HardSwish',
  'HardSigmoid',
  'Gelu',
  'Mish',
  'Elu',
  'Tanh',
  'Swish',
  'Mul',
]);

/** What to do about an operator that reads floats of a value others read as int8, by operator. */
const readerRules: ReadonlyMap<string, string> = new Map([
  ['MaxPool', 'quantize-around-max-pool'],
  ['Relu', 'quantize-after-relu'],
  ['Clip', 'quantize-after-clip'],
  ['Concat', 'unify-scales'],
  ['MatMul', 'quantize-attention-matmuls'],
  ['Softmax', 'float-islands'],
  ['LayerNormalization', 'float-islands'],
  ['Gelu', 'float-islands'],
  ['Erf', 'float-islands'],
]);

function pointwiseLaw(network: Network, core: Node): string {
  if (isAverage(network, core)) return 'P18';
  return core.opType === 'Mul' ? 'P22' : 'P21';
}

function pointwiseRule(network: Network, core: Node): string {
  if (isAverage(network, core)) return 'quantize-average-pool-both-sides';
  return core.opType === 'Mul' ? 'gate-both-or-none' : 'one-float-add-input';
}

function agree(wanted: readonly Demand[]): boolean {
  const keys = new Set(wanted.map(({ chain }) => chainKey(chain)));
  return keys.size === 1 && !keys.has('');
}

/** Who reads floats, and who adds them to what it computes. */
function readings(floats: readonly Demand[]): readonly string[] {
  const name = ({ unit }: Demand) => (unit === undefined ? 'the graph output' : titleOf(unit));
  const by = (residual: boolean) => [
    ...new Set(floats.filter((demand) => demand.residual === residual).map(name)),
  ];
  const words = (names: readonly string[], one: string, many: string) =>
    names.length === 0 ? '' : `${names.join(', ')} ${names.length === 1 ? one : many} floats`;
  return [words(by(false), 'reads', 'read'), words(by(true), 'adds its', 'add its')];
}

function titleOf({ core }: Unit): string {
  const name = core.name || core.outputs.find((output) => output !== '') || '';
  return `${core.opType} ${name}`.trim();
}

function scaleInWords({ quantization }: Parameters): string {
  const values = scaleValues(quantization);
  if (values === undefined) return 'a computed scale';
  return values.length === 1 ? `scale ${formatNumber(values[0])}` : `${values.length} scales`;
}
