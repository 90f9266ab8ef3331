import { isDequantize, isQuantize, zeroPointValues } from '../../analysis/index.ts';
import { type DataType, dataTypeFromCode } from '../../ir/index.ts';
import { intAttribute } from '../../ops/index.ts';
import { formatNumber } from '../../support/text-table.ts';
import { type Hit, type Lint, tensorrtTargets } from './lint.ts';
import { scaleHits } from './scales.ts';
import { isOperator, placeOf, type Quantizer, type Subject } from './subject.ts';

const tensorrt = { severity: 'error', targets: tensorrtTargets } as const;

const isFloat8 = (dtype: DataType | undefined) => dtype?.startsWith('float8') === true;

/** What TensorRT's importer refuses or misreads of quantizers themselves. */
export const importerLints: readonly Lint[] = [
  {
    ...tensorrt,
    id: 'E1',
    title: 'a zero point that is not 0',
    cost: 'refused: TensorRT quantizes symmetrically',
    rule: 'uint8-to-int8',
    *find({ quantizers }) {
      for (const quantizer of quantizers) {
        const zero = zeroPointValues(quantizer)?.find((value) => value !== 0);
        if (zero === undefined || isFloat8(quantizer.dtype) || quantizer.dtype === 'int32') continue;
        const rule = zero === 128 ? 'uint8-to-int8' : 'uint8-to-symmetric-int8';
        yield { ...hit(quantizer, `the zero point is ${zero}`), rule };
      }
    },
  },
  {
    ...tensorrt,
    id: 'E2',
    title: 'a uint8 quantizer',
    cost: 'refused: uint8 is a type of network inputs and outputs only',
    rule: 'uint8-to-int8',
    targets: ['tensorrt@10', 'tensorrt@11'],
    find: unsigned,
  },
  {
    ...tensorrt,
    id: 'E2',
    title: 'a uint8 quantizer',
    cost: 'read as int8 with a warning: codes above 127 mean something else',
    rule: 'uint8-to-int8',
    targets: ['tensorrt@8.6'],
    find: unsigned,
  },
  {
    ...tensorrt,
    id: 'E3',
    title: 'no zero point',
    cost: 'read as int8, where ONNX says uint8: the same file computes something else',
    rule: 'complete-quantizer',
    *find({ quantizers }) {
      for (const quantizer of quantizers) {
        const { node } = quantizer;
        const typed = node.attributes.some(({ name }) => name === 'output_dtype');
        if (quantizer.isQuantize && (node.inputs[2] ?? '') === '' && !typed)
          yield hit(quantizer, 'it has no zero point');
      }
    },
  },
  {
    ...tensorrt,
    id: 'E4',
    title: 'a quantizer without scale',
    cost: 'refused: a quantizer has at least two inputs',
    rule: null,
    *find({ quantizers }) {
      for (const quantizer of quantizers)
        if ((quantizer.node.inputs[1] ?? '') === '') yield hit(quantizer, 'it has no scale');
    },
  },
  {
    ...tensorrt,
    id: 'E5',
    title: 'scales that are not above zero, or not as many as zero points',
    cost: 'refused',
    rule: 'replace-zero-scales',
    *find({ quantizers }) {
      for (const quantizer of quantizers) {
        const { scale, zeroPoint } = quantizer;
        if (scale?.size === 0) yield { ...hit(quantizer, 'its list of scales is empty'), rule: null };
        else if (scale && zeroPoint && scale.size !== zeroPoint.size) {
          const message = `it has ${scale.size} scales and ${zeroPoint.size} zero points`;
          yield { ...hit(quantizer, message), rule: null };
        } else yield* scaleHits(quantizer, (value) => (value <= 0 ? `is ${formatNumber(value)}` : undefined));
      }
    },
  },
  {
    ...tensorrt,
    id: 'E6',
    title: 'a scale or zero point computed while the network runs',
    cost: 'refused, or computed in floats: int8 kernels need scales when they are built',
    rule: null,
    *find({ quantizers }) {
      for (const quantizer of quantizers) {
        const { scale, zeroPoint, node } = quantizer;
        if ((node.inputs[1] ?? '') !== '' && scale === undefined)
          yield hit(quantizer, 'its scale is no constant');
        else if ((node.inputs[2] ?? '') !== '' && zeroPoint === undefined)
          yield hit(quantizer, 'its zero point is no constant');
      }
    },
  },
  {
    ...tensorrt,
    id: 'E7',
    title: 'scales that do not fit their axis',
    cost: 'refused; TensorRT takes axis 0 where the attribute is missing, ONNX axis 1',
    rule: 'complete-quantizer',
    *find(subject) {
      for (const quantizer of subject.quantizers) yield* axisHits(subject, quantizer);
    },
  },
  {
    ...tensorrt,
    id: 'E8',
    title: 'several scales on an activation',
    cost: 'refused: only weights have a scale for each channel',
    rule: 'per-tensor-activation',
    *find({ quantizers }) {
      for (const quantizer of quantizers) {
        const { granularity, constant, scale, dtype } = quantizer;
        if (granularity === 'axis' && !constant && quantizer.isQuantize && !isFloat8(dtype))
          yield hit(quantizer, `it has ${scale?.size ?? 'several'} scales on axis ${quantizer.axis}`);
      }
    },
  },
  {
    ...tensorrt,
    id: 'E10',
    title: 'an output_dtype that is not the type of the zero point',
    cost: 'refused',
    rule: null,
    *find({ quantizers }) {
      for (const quantizer of quantizers) {
        const wanted = dataTypeFromCode(intAttribute(quantizer.node, 'output_dtype', 0));
        const hasZero = (quantizer.node.inputs[2] ?? '') !== '';
        if (quantizer.isQuantize && wanted !== 'undefined' && hasZero && quantizer.dtype !== wanted)
          yield hit(
            quantizer,
            `output_dtype is ${wanted}, the zero point ${quantizer.dtype ?? 'of unknown type'}`,
          );
      }
    },
  },
  {
    ...tensorrt,
    id: 'E11',
    title: 'a scale of another float type than what is quantized',
    cost: 'a type error: in a strongly typed network the scale decides the type of what DQ makes',
    rule: null,
    targets: ['tensorrt@11'],
    *find({ quantizers, dtypeOf }) {
      for (const quantizer of quantizers) {
        const { node, scale } = quantizer;
        const type = quantizer.isQuantize ? dtypeOf(node.inputs[0] ?? '') : undefined;
        if (type !== undefined && type !== 'undefined' && scale !== undefined && type !== scale.dtype)
          yield hit(quantizer, `the scale is ${scale.dtype}, what it quantizes ${type}`);
      }
    },
  },
  {
    ...tensorrt,
    id: 'E12',
    title: 'blocks of a shape that there is no kernel for',
    cost: 'refused',
    rule: null,
    *find(subject) {
      for (const quantizer of subject.quantizers) yield* blockHits(subject, quantizer);
    },
  },
  {
    ...tensorrt,
    id: 'E16',
    title: 'a quantized constant that is not dequantized',
    cost: 'refused: only DQ and plugins may read one',
    rule: null,
    *find({ graph, view }) {
      for (const node of graph.nodes) {
        if (!isQuantize(node) || !isConstantInput(view, node)) continue;
        const other = view
          .uses(node.outputs[0] ?? '')
          .find((use) => !isDequantize(use.node) && isOperator(use.node, use.node.opType));
        if (other !== undefined)
          yield { at: placeOf(node), message: `${placeOf(other.node)} reads its codes` };
      }
    },
  },
  {
    ...tensorrt,
    id: 'E17',
    title: 'half a pair',
    cost: 'refused: a Q is followed by its DQ at once; operators stand on floats',
    rule: null,
    find: halfPairs,
  },
  {
    ...tensorrt,
    id: 'E19',
    title: 'int8 and float8 in one network',
    cost: 'refused',
    rule: null,
    *find({ quantizers }) {
      const first = quantizers.find(({ dtype }) => isFloat8(dtype));
      const int8 = quantizers.find(({ dtype }) => dtype === 'int8');
      if (first && int8) yield hit(first, `it makes ${first.dtype}, ${int8.at} int8`);
    },
  },
  {
    ...tensorrt,
    id: 'E20',
    title: 'an element type this version does not take',
    cost: 'refused, or built only as a strongly typed network',
    rule: null,
    *find({ quantizers, version }) {
      for (const quantizer of quantizers) {
        const { dtype } = quantizer;
        if (dtype === undefined || dtype === 'uint8' || dtype === 'int32') continue;
        if (version!.quantizedTypes.has(dtype)) {
          if (!isFloat8(dtype) || version!.stronglyTyped) continue;
          yield hit(quantizer, `it makes ${dtype}, which needs a strongly typed build`);
        } else yield hit(quantizer, `it makes ${dtype}, which ${version!.name} has no quantizer for`);
      }
    },
  },
];

function hit({ at }: Quantizer, message: string): Hit {
  return { at, message };
}

function* unsigned({ quantizers }: Subject): Iterable<Hit> {
  for (const quantizer of quantizers) {
    const isTold = quantizer.node.inputs.length > 2 || !quantizer.isQuantize;
    if (quantizer.dtype === 'uint8' && isTold) yield hit(quantizer, 'it quantizes to uint8');
  }
}

function* axisHits({ shapeOf }: Subject, quantizer: Quantizer): Iterable<Hit> {
  const { granularity, scale, axis, node } = quantizer;
  if (granularity !== 'axis' || scale === undefined) return;
  const shape = shapeOf(node.inputs[0] ?? '');
  const isSaid = node.attributes.some(({ name }) => name === 'axis');
  const length = axis === undefined ? undefined : shape?.[axis];
  if (length !== undefined && length !== scale.size)
    yield hit(quantizer, `it has ${scale.size} scales for axis ${axis} of length ${length}`);
  else if (!isSaid && shape?.[0] !== scale.size)
    yield hit(quantizer, `it has ${scale.size} scales and no axis`);
}

function* blockHits({ shapeOf, version }: Subject, quantizer: Quantizer): Iterable<Hit> {
  const { granularity, scale, node, dtype, blockSize } = quantizer;
  if (granularity !== 'block' || scale === undefined) return;
  if (!version!.blocks) {
    yield hit(quantizer, `${version!.name} takes no scales for blocks`);
    return;
  }
  const dims = shapeOf(node.inputs[0] ?? '');
  if (dims === undefined) return;
  if (scale.dims.length !== dims.length) {
    yield hit(quantizer, `its scales have rank ${scale.dims.length}, what it quantizes rank ${dims.length}`);
    return;
  }
  const blocked = dims.flatMap((length, i) => (length === undefined || length === scale.dims[i] ? [] : [i]));
  const uneven = blocked.find((i) => dims[i]! % scale.dims[i]! !== 0);
  if (blocked.length > 1) yield hit(quantizer, `axes ${blocked.join(' and ')} are both cut into blocks`);
  else if (uneven !== undefined)
    yield hit(
      quantizer,
      `${scale.dims[uneven]} scales do not divide axis ${uneven} of length ${dims[uneven]}`,
    );
  else if (dtype === 'int4' && blocked.length === 1) {
    const size = blockSize || dims[blocked[0]!]! / scale.dims[blocked[0]!]!;
    if (size !== 64 && size !== 128)
      yield hit(quantizer, `its blocks are ${size} long; int4 has kernels for 64 and 128`);
  }
}

function isConstantInput(view: Subject['view'], node: Subject['graph']['nodes'][number]): boolean {
  const [x = ''] = node.inputs;
  return view.initializer(x) !== undefined && view.input(x) === undefined;
}

/** Q whose codes an operator reads, and DQ of what an operator made. Graph inputs and outputs may be int8. */
function* halfPairs({ graph, view }: Subject): Iterable<Hit> {
  for (const node of graph.nodes) {
    if (isQuantize(node) && !isConstantInput(view, node)) {
      const other = view.uses(node.outputs[0] ?? '').find((use) => !isDequantize(use.node));
      if (other !== undefined)
        yield {
          at: placeOf(node),
          message: `${other.node.opType} ${placeOf(other.node)} stands between Q and DQ`,
        };
    }
    if (!isDequantize(node)) continue;
    const producer = view.producer(node.inputs[0] ?? '');
    if (producer !== undefined && !isQuantize(producer) && !isOperator(producer, 'Constant'))
      yield {
        at: placeOf(node),
        message: `it dequantizes what ${producer.opType} ${placeOf(producer)} makes`,
      };
  }
}
