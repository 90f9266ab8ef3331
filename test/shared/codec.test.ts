import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import onnxProto from 'onnx-proto';
import { expect, it } from 'vitest';
import type { Model, Type } from '../../src/ir/index.ts';
import {
  decodeModel,
  decodeOptional,
  decodeSequence,
  decodeTensor,
  encodeModel,
  encodeOptional,
  encodeSequence,
  encodeTensor,
} from '../../src/serde/proto/index.ts';
import { forgetOrigins, touchEverything } from '../serde/proto/rebuild.ts';
import { sharedFiles } from './files.ts';
import { describeShared, sharedDir } from './paths.ts';

const { onnx } = onnxProto;

describeShared('the codec on real files', () => {
  const models = [...sharedFiles('conformance', '.onnx'), ...sharedFiles('models', '.onnx')];
  const data = [...sharedFiles('conformance', '.pb'), ...sharedFiles('models', '.pb')];

  it('finds the files it is meant to read', () => {
    expect(models.length).toBeGreaterThan(1000);
    expect(data.length).toBeGreaterThan(3000);
  });

  it('gives every model back byte for byte', () => {
    for (const path of models) {
      const file = readFileSync(path);
      expectSame(path, encodeModel(decodeModel(file)), file);
    }
  });

  it('gives every model back byte for byte when every message was copied', () => {
    for (const path of models) {
      const file = readFileSync(path);
      expectSame(path, encodeModel(touchEverything(decodeModel(file))), file);
    }
  });

  it('gives every tensor, sequence and optional back byte for byte', () => {
    const kinds = new Set<string>();
    for (const path of data) {
      const file = readFileSync(path);
      const kind = declaredKind(path);
      kinds.add(kind);
      if (kind === 'sequence') expectSame(path, encodeSequence(touchEverything(decodeSequence(file))), file);
      else if (kind === 'optional')
        expectSame(path, encodeOptional(touchEverything(decodeOptional(file))), file);
      else expectSame(path, encodeTensor(decodeTensor(file)), file);
    }
    expect([...kinds].sort()).toEqual(['optional', 'sequence', 'tensor']);
  });

  it('writes every model anew so that onnx-proto reads the same', () => {
    for (const path of sharedFiles('conformance', 'model.onnx')) {
      const file = readFileSync(path);
      const rebuilt = encodeModel(forgetOrigins(decodeModel(file)));
      if (Buffer.compare(rebuilt, file) === 0) continue;
      // Only the elements of tensors move, from typed fields to raw data, and zeros that were absent are written.
      expect(summary(rebuilt), path).toEqual(summary(file));
    }
  });

  it('changes nothing but the node that is edited', () => {
    for (const path of sharedFiles('models', 'model.onnx')) {
      const file = readFileSync(path);
      const model = decodeModel(file);
      const index = model.graph.nodes.length >> 1;
      const written = encodeModel(
        withNodes(model, (each, i) => (i === index ? { ...each, name: `${each.name}_x` } : each)),
      );
      const [was, is] = [partsAround(file, index), partsAround(written, index)];
      expectSame(path, is.model, was.model);
      expectSame(path, is.before, was.before);
      expectSame(path, is.behind, was.behind);
      expect(is.node.name).toBe(`${was.node.name}_x`);
      expect(is.node.outputs).toEqual(was.node.outputs);
    }
  });
});

/** The bytes of a model in front of its graph, from there to a node's header, and behind the node. */
function partsAround(file: Uint8Array, index: number) {
  const { graph } = decodeModel(file);
  const node = graph.nodes[index]!;
  const headerOf = (body: Uint8Array): number => 1 + Math.ceil((32 - Math.clz32(body.length)) / 7);
  const offset = (body: Uint8Array): number => body.byteOffset - file.byteOffset;
  const [graphBody, nodeBody] = [graph.origin!.bytes, node.origin!.bytes];
  return {
    node,
    model: file.subarray(0, offset(graphBody) - headerOf(graphBody)),
    before: file.subarray(offset(graphBody), offset(nodeBody) - headerOf(nodeBody)),
    behind: file.subarray(offset(nodeBody) + nodeBody.length),
  };
}

/** Which message a test data file holds: what the model declares for the input or output at its position. */
function declaredKind(path: string): Type['kind'] {
  const match = /^(input|output)_(\d+)\.pb$/.exec(basename(path));
  const model = dirname(dirname(path)).replace('ort-goldens', 'ort');
  const file = [join(model, 'model.onnx'), `${model}.onnx`].find(existsSync);
  if (match === null || file === undefined) return 'tensor';
  const { inputs, outputs } = decodeModel(readFileSync(file)).graph;
  return (match[1] === 'input' ? inputs : outputs)[Number(match[2])]?.type?.kind ?? 'tensor';
}

function withNodes(
  model: Model,
  change: (node: Model['graph']['nodes'][number], i: number) => unknown,
): Model {
  return { ...model, graph: { ...model.graph, nodes: model.graph.nodes.map(change) as never } };
}

/** A model as onnx-proto sees it, without the elements of tensors. */
function summary(file: Uint8Array): unknown {
  const whole = onnx.ModelProto.toObject(onnx.ModelProto.decode(file), {
    longs: String,
    defaults: true,
    arrays: true,
  });
  return JSON.parse(
    JSON.stringify(whole, (key, value) => (key.endsWith('Data') && key !== 'externalData' ? null : value)),
  );
}

function expectSame(path: string, written: Uint8Array, file: Uint8Array): void {
  if (Buffer.compare(written, file) !== 0)
    throw new Error(`${path.slice(sharedDir!.length)} changed in a round trip.`);
}
