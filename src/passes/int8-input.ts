import {
  type DataType,
  type Graph,
  GraphSession,
  type GraphView,
  NameSource,
  type Node,
  type ValueInfo,
} from '../ir/index.ts';
import { constantOf, normalDomain } from '../ops/index.ts';
import { type Finding, type Pass, pass, type RewriteRecord } from '../rewrite/index.ts';

const name = 'int8-input';

/**
 * input → Q → DQ  ⇒  input (int8) → DQ
 *
 * The quantizer of the network's input moves out of the network: whoever calls it hands over codes, a quarter of the
 * bytes, and the largest tensor of all is not converted on the way in. The input keeps its name and changes its type; the
 * trace says with which scale and zero point the caller has to quantize.
 *
 * An input that anybody reads as a float stays, with a finding.
 */
export const int8Input: Pass = pass({
  name,
  effect: 'interface',
  summary: 'input → Q → DQ ⇒ input (int8) → DQ',
  reason: 'The network input pays one conversion over its largest tensor, unless it is int8 already.',
  condition:
    'One quantizer with one constant scale is all that reads the input. Changes the type of a graph input.',
  sources: ['https://github.com/NVIDIA/TensorRT/issues/3492', 'NVIDIA Model-Optimizer: remove_graph_input_q'],
  run(model) {
    const rewrites: RewriteRecord[] = [];
    const findings: Finding[] = [];
    const session = new GraphSession(model.graph, model, NameSource.of(model));
    const inputs = model.graph.inputs.map((input) => {
      const quantizers = quantizersOf(session, input.name);
      if (quantizers.length === 0) return input;
      const objection = objectionTo(session, input, quantizers);
      if (objection !== undefined) {
        findings.push({ rule: name, at: input.name, message: objection });
        return input;
      }
      rewrites.push(takeOut(session, input, quantizers[0]!));
      return withCodes(input, codeType(session, quantizers[0]!)!);
    });
    if (rewrites.length === 0) return { model, rewrites, findings };
    const graph: Graph = Object.freeze({ ...session.finish(), inputs: Object.freeze(inputs) });
    return { model: Object.freeze({ ...model, graph }), rewrites, findings };
  },
});

function quantizersOf(view: GraphView, input: string): readonly Node[] {
  return view.uses(input).flatMap(({ node, index }) => (index === 0 && isQuantizer(node) ? [node] : []));
}

function isQuantizer(node: Node): boolean {
  return node.opType === 'QuantizeLinear' && normalDomain(node.domain) === '';
}

function objectionTo(view: GraphView, input: ValueInfo, quantizers: readonly Node[]): string | undefined {
  const [quantize, ...others] = quantizers;
  if (view.initializer(input.name) !== undefined)
    return 'the input has a default value, which would have to be quantized';
  if (others.length > 0)
    return `${quantizers.length} quantizers read the input; share-equal-quantizers merges equal ones`;
  const stranger = view.uses(input.name).find(({ node }) => node !== quantize);
  if (stranger !== undefined) return `${stranger.node.opType} reads the input as it is`;
  if (view.isOutput(input.name) || view.isOutput(quantize!.outputs[0]!))
    return 'the input, or its codes, are an output of the graph';
  if (constantOf(view, quantize!.inputs[1]!)?.size !== 1) return 'the scale is not one constant';
  const dtype = codeType(view, quantize!);
  return dtype === 'int8' || dtype === 'uint8' ? undefined : `the codes are ${dtype ?? 'of unknown type'}`;
}

function codeType(view: GraphView, quantize: Node): DataType | undefined {
  const [, , zero = ''] = quantize.inputs;
  if (zero !== '') return constantOf(view, zero)?.dtype;
  return quantize.attributes.some((attribute) => attribute.name === 'output_dtype') ? undefined : 'uint8';
}

function takeOut(session: GraphSession, input: ValueInfo, quantize: Node): RewriteRecord {
  const [x, scale, zero = ''] = quantize.inputs as readonly [string, string, string?];
  const step = constantOf(session, scale)!.toTypedArray()[0];
  const point = zero === '' ? 0 : constantOf(session, zero)!.toTypedArray()[0];
  session.remove(quantize);
  const after = session.rewire(quantize.outputs[0]!, x);
  return Object.freeze({
    rule: name,
    effect: 'interface' as const,
    graph: 'main',
    at: input.name,
    before: Object.freeze([quantize]),
    after: Object.freeze([...after]),
    added: Object.freeze([]),
    removed: Object.freeze([]),
    note: `the caller hands over clamp(round(x / ${step}) + ${point}) as ${codeType(session, quantize)}`,
  });
}

function withCodes(input: ValueInfo, dtype: DataType): ValueInfo {
  const { type } = input;
  if (type?.kind !== 'tensor') return input;
  return Object.freeze({ ...input, type: Object.freeze({ ...type, elemType: dtype }) });
}
