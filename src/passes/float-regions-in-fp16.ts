import { createTypeOracle, type TypeOracle } from '../analysis/index.ts';
import { type Graph, GraphSession, NameSource, type Node, type Tensor, tensor } from '../ir/index.ts';
import { constantOf, makeAttribute, normalDomain } from '../ops/index.ts';
import { type Finding, type Pass, pass, type RewriteRecord } from '../rewrite/index.ts';

const name = 'float-regions-in-fp16';

/** Operators that have float16 kernels and whose float inputs are all of one type. Quantizers from opset 19 on. */
const halved: ReadonlySet<string> = new Set(
  'Conv ConvTranspose Gemm MatMul Add Sub Mul Div Relu LeakyRelu Sigmoid Tanh Clip HardSwish HardSigmoid Gelu Erf Exp Sqrt Softmax MaxPool AveragePool GlobalAveragePool GlobalMaxPool Concat Reshape Transpose Flatten Squeeze Unsqueeze Slice Split Pad Expand Tile Identity'.split(
    ' ',
  ),
);
const quantizers: ReadonlySet<string> = new Set(['QuantizeLinear', 'DequantizeLinear']);

/**
 * float32 operators  ⇒  float16 operators, with a Cast where the two meet
 *
 * A strongly typed engine runs the floats of a network as they are written. What has a float16 kernel gets float16:
 * operators, their constants, and from opset 19 on the scales of quantizers, whose type a DequantizeLinear gives. Graph
 * inputs and outputs keep their types. A node stays float32 where a constant of it is beyond the normal numbers of
 * float16, where its types are not known, and where it is of another domain; subgraphs and functions stay as they are.
 */
export const floatRegionsInFp16: Pass = pass({
  name,
  effect: 'rounding',
  summary: 'Writes the float operators between quantizers in float16.',
  reason: 'A strongly typed engine runs float32 where the model says float32.',
  condition:
    'Float16 rounding of every float value: 2⁻¹¹ of it, and a code more or less behind it. Values beyond 65504 become infinite.',
  sources: [
    'TensorRT Developer Guide: strongly typed networks',
    'https://onnx.ai/onnx/operators/onnx__DequantizeLinear.html',
  ],
  run(model) {
    const session = new GraphSession(model.graph, model, NameSource.of(model));
    const halving = new Halving(model.graph, session);
    if (halving.rewrites.length === 0) return { model, rewrites: [], findings: halving.findings };
    const graph = session.finish();
    return { model: { ...model, graph }, rewrites: halving.rewrites, findings: halving.findings };
  },
});

class Halving {
  readonly rewrites: RewriteRecord[] = [];
  readonly findings: Finding[] = [];
  readonly #session: GraphSession;
  readonly #types: TypeOracle;
  /** By the name of the float32 value: its float16 twin. */
  readonly #twins = new Map<string, string>();
  /** Float values that a float16 node makes. */
  readonly #made = new Set<string>();

  constructor(graph: Graph, session: GraphSession) {
    this.#session = session;
    this.#types = createTypeOracle(session);
    const chosen = graph.nodes.filter((node) => this.#isHalved(node));
    for (const node of chosen)
      for (const output of node.outputs) if (this.#isFloat(output)) this.#made.add(output);
    // Who reads a value as float32 is asked of the graph as it was.
    const nodes = new Set(chosen);
    const needed = [...this.#made].filter(
      (value) =>
        session.isOutput(value) ||
        session.uses(value).some(({ node, index }) => index < 0 || !nodes.has(node)),
    );
    for (const node of chosen) this.#halve(node);
    for (const value of needed) this.#castBack(value);
  }

  #isHalved(node: Node): boolean {
    const session = this.#session;
    if (normalDomain(node.domain) !== '' || session.function(node) !== undefined) return false;
    const isQuantizer = quantizers.has(node.opType) && (session.opset('') ?? 0) >= 19;
    if (!isQuantizer && !halved.has(node.opType)) return false;
    if (
      node.attributes.some((attribute) => attribute.name === 'output_dtype' || attribute.name === 'precision')
    )
      return false;
    const values = [...node.inputs, ...node.outputs].filter((value) => value !== '');
    if (values.some((value) => this.#types.typeOf(value) === undefined)) return false;
    if (!values.some((value) => this.#isFloat(value))) return false;
    const constant = node.inputs.map((input) =>
      this.#isFloat(input) ? constantOf(session, input) : undefined,
    );
    const odd = constant.findIndex((value, i) => value !== undefined && !fits(value, isQuantizer && i === 1));
    if (odd < 0) return true;
    const message = `${node.inputs[odd]} is beyond the normal numbers of float16; ${node.opType} stays float32`;
    this.findings.push({ rule: name, at: node.outputs[0] ?? '', message });
    return false;
  }

  #isFloat(value: string): boolean {
    const type = value === '' ? undefined : this.#types.typeOf(value);
    return type?.kind === 'tensor' && type.elemType === 'float32';
  }

  #halve(node: Node): void {
    const added: Tensor[] = [];
    const casts: Node[] = [];
    const inputs = node.inputs.map((input) =>
      this.#isFloat(input) ? this.#twin(input, added, casts) : input,
    );
    const outputs = node.outputs.map((output) => (this.#made.has(output) ? this.#twinName(output) : output));
    const after = Object.freeze({ ...node, inputs: Object.freeze(inputs), outputs: Object.freeze(outputs) });
    this.#session.replace(node, after);
    this.#record(node.outputs[0] ?? '', [node], [...casts, after], added);
  }

  /** The float16 twin of a value: made by a float16 node, a constant written anew, or a Cast. */
  #twin(value: string, added: Tensor[], casts: Node[]): string {
    if (this.#made.has(value) || this.#twins.has(value)) return this.#twinName(value);
    const twin = this.#twinName(value);
    const constant = constantOf(this.#session, value);
    if (constant !== undefined) {
      const half = tensor('float16', constant.dims, constant.toTypedArray() as Float32Array, twin);
      this.#session.addInitializer(half);
      added.push(half);
    } else {
      const cast = castNode(value, twin, 10);
      this.#session.append(cast);
      casts.push(cast);
    }
    return twin;
  }

  #twinName(value: string): string {
    const twin = this.#twins.get(value) ?? this.#session.names.fresh(`${value}_fp16`);
    this.#twins.set(value, twin);
    return twin;
  }

  #castBack(value: string): void {
    const cast = castNode(this.#twinName(value), value, 1);
    this.#session.append(cast);
    this.#record(value, [], [cast], []);
  }

  #record(at: string, before: readonly Node[], after: readonly Node[], added: readonly Tensor[]): void {
    this.rewrites.push(
      Object.freeze({
        rule: name,
        effect: 'rounding' as const,
        graph: 'main',
        at,
        before: Object.freeze([...before]),
        after: Object.freeze([...after]),
        added: Object.freeze([...added]),
        removed: Object.freeze([]),
      }),
    );
  }
}

/** Whether float16 holds the numbers of a constant: none too large, and a scale none that would lose digits. */
function fits(constant: Tensor, isScale: boolean): boolean {
  const values = constant.toTypedArray() as Float32Array;
  return values.every((value) => Math.abs(value) < 65520 && (!isScale || value >= 2 ** -14));
}

function castNode(from: string, to: string, code: number): Node {
  return Object.freeze({
    opType: 'Cast',
    inputs: Object.freeze([from]),
    outputs: Object.freeze([to]),
    attributes: Object.freeze([makeAttribute('to', code, 'INT')]),
    metadata: Object.freeze([]),
    deviceConfigurations: Object.freeze([]),
  });
}
