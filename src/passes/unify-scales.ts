import { type Graph, GraphSession, type Node, type Tensor } from '../ir/index.ts';
import { type Finding, type Pass, pass, type RewriteRecord } from '../rewrite/index.ts';
import { constantNode, mapGraphs, type Place } from './graphs.ts';
import { type PlannedGroup, planGroups, type ScaleGroup, type UnifyOptions } from './scale-groups.ts';
import { scalar } from './scale-range.ts';

const name = 'unify-scales';

/**
 * Gives quantizers that only copies, Concat and MaxPool lie between one scale.
 *
 * Which quantizers belong together is a matter of wiring alone (`scaleGroups` tells). All members of a group read one
 * new scale constant, so a constant that somebody else reads stays what it is, and it does not matter whose scale won.
 * A Q changes together with the DQs that read it.
 * Groups that cannot or should not share a scale are left alone, with a finding that says why.
 */
export function unifyScales(options: UnifyOptions = {}): Pass {
  return pass({
    name,
    effect: 'scale',
    summary: 'Gives the quantizers around Concat, MaxPool and copies, and those of one value, one scale.',
    reason:
      'Engines keep Concat and MaxPool in int8 only where all scales around them are equal; else each costs a requantization.',
    condition: 'One constant scale per tensor, one element type, ranges within a factor of 10 (by option).',
    sources: [
      'https://github.com/NVIDIA-AI-IOT/yolo_deepstream/blob/main/yolov7_qat/doc/Guidance_of_QAT_performance_optimization.md',
      'https://github.com/NVIDIA/TensorRT/issues/3861',
    ],
    run(model) {
      const rewrites: RewriteRecord[] = [];
      const findings: Finding[] = [];
      const changed = mapGraphs(model, 'outer-first', (graph, place) =>
        unify(graph, place, options, rewrites, findings),
      );
      return { model: changed, rewrites, findings };
    },
  });
}

function unify(
  graph: Graph,
  place: Place,
  options: UnifyOptions,
  rewrites: RewriteRecord[],
  findings: Finding[],
): Graph {
  const session = new GraphSession(graph, place.surroundings, place.names);
  for (const planned of planGroups(graph, session, place.path, options)) {
    const { group } = planned;
    if (group.refused !== undefined) findings.push(refusalOf(group));
    else if (planned.target !== undefined) rewrites.push(share(session, place, planned));
  }
  return session.finish();
}

function share(session: GraphSession, place: Place, { group, members, target }: PlannedGroup): RewriteRecord {
  const { scale, zeroPoint, dtype, scaleType } = target!;
  const added: Tensor[] = [];
  const constant = (hint: string, type: typeof dtype, value: number): string => {
    const tensor = scalar(type, value, place.names.fresh(`${group.members[0]!.tensor}_${hint}`));
    added.push(tensor);
    return tensor.name!;
  };
  const changes = (key: 'scale' | 'zeroPoint') =>
    members.some(({ parameters }) => parameters![key] !== target![key]);
  const scaleName = changes('scale') ? constant('shared_scale', scaleType, scale) : undefined;
  const zeroName = changes('zeroPoint') ? constant('shared_zero_point', dtype, zeroPoint) : undefined;
  const before = members.flatMap(({ node, dequantize }) => [node, ...dequantize]);
  const after = before.map((quantizer) => withParameters(quantizer, scaleName, zeroName));
  before.forEach((quantizer, i) => {
    session.replace(quantizer, after[i]!);
  });
  const nodes = place.initializers ? [] : added.map(constantNode);
  if (place.initializers) for (const tensor of added) session.addInitializer(tensor);
  else for (const node of nodes) session.append(node);
  const record: RewriteRecord = {
    rule: name,
    effect: 'scale',
    graph: place.path,
    at: group.members[0]!.tensor,
    before: Object.freeze(before),
    after: Object.freeze([...nodes, ...after]),
    added: Object.freeze(place.initializers ? added : []),
    removed: Object.freeze([]),
    note: noteOf(group),
  };
  return Object.freeze(record);
}

function refusalOf({ members, reason, refused }: ScaleGroup): Finding {
  const tensors = [...new Set(members.map(({ tensor }) => `"${tensor}"`))].join(', ');
  const message = `${reason}: ${refused}; the scales of ${tensors} stay apart`;
  return { rule: name, at: members[0]!.tensor, message };
}

function withParameters(node: Node, scale: string | undefined, zeroPoint: string | undefined): Node {
  const [x = '', ownScale = '', ownZero = ''] = node.inputs;
  const inputs = [x, scale ?? ownScale];
  const zero = zeroPoint ?? ownZero;
  if (zero !== '' || node.inputs.length > 2) inputs.push(zero);
  return Object.freeze({ ...node, inputs: Object.freeze(inputs) });
}

function noteOf({ reason, members }: ScaleGroup): string {
  const changes = members.map(({ tensor, scale, after, bitsLost }) => {
    const bits =
      bitsLost === 0
        ? ''
        : `, ${Math.abs(bitsLost).toFixed(2)} bits ${bitsLost > 0 ? 'lost' : 'of range lost'}`;
    return `"${tensor}" ${short(scale)} → ${short(after)}${bits}`;
  });
  return `${reason}: ${changes.join('; ')}`;
}

function short(scale: number | undefined): string {
  return scale === undefined ? '?' : String(Number(scale.toPrecision(6)));
}
