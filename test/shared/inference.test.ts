import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import {
  canonicalHash,
  canonicalOrder,
  inferTypes,
  pairsOf,
  typeOf,
  validate,
} from '../../src/analysis/index.ts';
import type { Model, Tensor, Type, ValueInfo } from '../../src/ir/index.ts';
import { canInfer, toDim } from '../../src/ops/index.ts';
import { decodeModel, decodeTensor } from '../../src/serde/index.ts';
import { scramble } from '../analysis/scramble.ts';
import { describeShared, sharedDir } from './paths.ts';

describeShared('analysis of shared models', () => {
  it('infers what the ONNX node tests declare, exactly once small inputs are constants', () => {
    const counts = { exact: 0, partial: 0, unknown: 0 };
    for (const folder of readdirSync(`${sharedDir}/conformance/node`)) {
      const original = readModel(`conformance/node/${folder}`);
      const { problems, verdicts } = compare(bakeInputs(original, folder), original.graph.outputs);
      expect(problems, folder).toEqual([]);
      expect(verdicts, folder).not.toContain('wrong');
      for (const verdict of verdicts) counts[verdict as keyof typeof counts]++;
    }
    // What stays partial depends on data (NonZero, Unique, Compress …) or on what a loop grows.
    expect(counts.exact).toBeGreaterThanOrEqual(979);
    expect(counts.unknown).toBeLessThanOrEqual(3);
  });

  it('agrees with the outputs that other conformance models declare', () => {
    let exact = 0;
    const files = ['pytorch-converted', 'pytorch-operator', 'simple', 'light'].flatMap((folder) =>
      modelFiles(`conformance/${folder}`),
    );
    for (const file of files) {
      const original = decodeModel(readFileSync(`${sharedDir}/${file}`));
      const { problems, verdicts } = compare(bare(original), original.graph.outputs);
      expect(problems, file).toEqual([]);
      expect(verdicts, file).not.toContain('wrong');
      exact += verdicts.filter((verdict) => verdict === 'exact').length;
    }
    expect(exact).toBeGreaterThanOrEqual(85);
  });

  it('contradicts no shape that an exporter or ONNX Runtime wrote into a real model', () => {
    let exact = 0;
    for (const folder of folders('models')) {
      const original = readModel(`models/${folder}`);
      const declared = [...original.graph.outputs, ...original.graph.valueInfos];
      const { problems, verdicts } = compare(bare(original), declared);
      expect(problems, folder).toEqual([]);
      expect(verdicts, folder).not.toContain('wrong');
      exact += verdicts.filter((verdict) => verdict === 'exact').length;
    }
    expect(exact).toBeGreaterThan(1100);
  });

  it('knows every operator of the real models', () => {
    const unknown = folders('models').flatMap((folder) =>
      readModel(`models/${folder}`).graph.nodes.filter((node) => !canInfer(node)),
    );
    expect(unknown.map(({ opType }) => opType)).toEqual([]);
  });

  it('finds no error in a model the ONNX checker accepts, and the right one in each it refuses', () => {
    const refused = new Map([
      ['conformance/ort/attention_past_state.u8s8.onnx', ['unsorted-nodes']],
      ['conformance/ort/transform/fusion/constant_folding_dequantizelinear.onnx', ['unsorted-nodes']],
      ['conformance/ort/qdq_with_multi_consumer_q_dq_axis.onnx', ['missing-type']],
    ]);
    const files = [...modelFiles('conformance'), ...modelFiles('models')];
    expect(files.length).toBeGreaterThan(1000);
    for (const file of files) {
      const problems = validate(decodeModel(readFileSync(`${sharedDir}/${file}`)), { strict: true });
      const errors = problems.filter(({ severity }) => severity === 'error').map(({ code }) => code);
      expect([...new Set(errors)], file).toEqual(refused.get(file) ?? []);
    }
  });

  it('hashes and orders a real model whatever its names and order', () => {
    for (const folder of ['yolov7_slim_qat', 'padneck_slim_qat', 'bert_tiny_ort_dynamic']) {
      const original = readModel(`models/${folder}`);
      const disguised = scramble(original, 11);
      expect(canonicalHash(disguised)).toBe(canonicalHash(original));
      expect(canonicalOrder(disguised.graph).map(({ opType }) => opType)).toEqual(
        canonicalOrder(original.graph).map(({ opType }) => opType),
      );
    }
  });

  it('pairs the quantizers of a real model', () => {
    const pairs = pairsOf(readModel('models/yolov7_slim_qat'));
    const nodes = readModel('models/yolov7_slim_qat').graph.nodes;
    const count = (opType: string) => nodes.filter((node) => node.opType === opType).length;
    expect(pairs.filter(({ quantize }) => quantize !== undefined)).toHaveLength(count('QuantizeLinear'));
    expect(pairs.flatMap(({ dequantize }) => dequantize)).toHaveLength(count('DequantizeLinear'));
    expect(new Set(pairs.map(({ kind }) => kind))).toEqual(new Set(['activation', 'weight']));
    // The three convolutions of the detection head are left in float.
    expect(pairs.filter(({ kind }) => kind === 'weight')).toHaveLength(count('Conv') - 3);
  });
});

type Verdict = 'exact' | 'partial' | 'unknown' | 'wrong';

function compare(model: Model, declared: readonly ValueInfo[]): { problems: string[]; verdicts: Verdict[] } {
  const map = inferTypes(model);
  const verdicts = declared.map(({ name, type }) => judge(typeOf(map, name), type));
  return { problems: map.problems.map(({ message }) => message), verdicts };
}

function judge(found: Type | undefined, declared: Type | undefined): Verdict {
  if (found === undefined) return 'unknown';
  if (declared === undefined) return 'exact';
  if (found.kind !== declared.kind) return 'wrong';
  if ((found.kind === 'sequence' || found.kind === 'optional') && found.elem !== undefined)
    return judge(found.elem, (declared as typeof found).elem);
  if (found.kind !== 'tensor') return 'partial';
  const wanted = declared as typeof found;
  if (found.elemType !== wanted.elemType) return 'wrong';
  if (wanted.shape === undefined) return 'exact';
  if (found.shape === undefined) return 'partial';
  if (found.shape.length !== wanted.shape.length) return 'wrong';
  const pairs = found.shape.map((dim, i) => [toDim(dim), toDim(wanted.shape![i]!)] as const);
  if (pairs.some(([a, b]) => typeof a === 'number' && typeof b === 'number' && a !== b)) return 'wrong';
  return pairs.every(([a, b]) => a === b) ? 'exact' : 'partial';
}

/** The model without what it declares of its inner values and outputs. */
function bare(model: Model): Model {
  const outputs = model.graph.outputs.map((output) => ({ ...output, type: undefined }));
  return { ...model, graph: { ...model.graph, outputs, valueInfos: [] } };
}

/** The bare model with the recorded values of its small inputs in place of these inputs. */
function bakeInputs(model: Model, folder: string): Model {
  const constants: Tensor[] = [];
  const inputs = model.graph.inputs.filter(({ name, type }, i) => {
    const file = `${sharedDir}/conformance/node/${folder}/test_data_set_0/input_${i}.pb`;
    const scalarOrList = type?.kind === 'tensor' && (type.shape?.length ?? 2) < 2;
    if (!scalarOrList || !existsSync(file)) return true;
    constants.push(decodeTensor(readFileSync(file)).withName(name));
    return false;
  });
  const stripped = bare(model);
  const initializers = [...model.graph.initializers, ...constants];
  return { ...stripped, graph: { ...stripped.graph, inputs, initializers } };
}

function readModel(folder: string): Model {
  return decodeModel(readFileSync(`${sharedDir}/${folder}/model.onnx`));
}

function folders(parent: string): readonly string[] {
  return readdirSync(`${sharedDir}/${parent}`).filter((name) =>
    existsSync(`${sharedDir}/${parent}/${name}/model.onnx`),
  );
}

function modelFiles(parent: string): readonly string[] {
  return readdirSync(`${sharedDir}/${parent}`, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory()
      ? modelFiles(`${parent}/${entry.name}`)
      : entry.name.endsWith('.onnx')
        ? [`${parent}/${entry.name}`]
        : [],
  );
}
