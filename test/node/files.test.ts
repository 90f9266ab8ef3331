import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Model, type Tensor, tensor } from '../../src/ir/index.ts';
import { loadModel, saveModel } from '../../src/node/index.ts';
import { decodeModel, encodeModel } from '../../src/serde/proto/index.ts';
import { type Bytes, bytes, int, len, modelOf } from '../serde/proto/bytes.ts';

let folder: string;
const at = (...names: string[]): string => join(folder, ...names);
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'qdq-node-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const entry = (key: string, value: string): Bytes => len(13, len(1, key), len(2, value));
const external = (name: string, ...entries: Bytes[]): Bytes =>
  len(5, int(1, 4), int(2, 2), len(8, name), ...entries, int(14, 1));
const inline = (name: string, ...values: number[]): Bytes =>
  len(5, int(1, values.length), int(2, 2), len(8, name), len(9, values));

/** A model of one external tensor of the bytes 5 6 7 8, at offset 4 of `location`. */
function writeModel(location = 'w.bin', ...more: Bytes[]): string {
  writeFileSync(
    at('m.onnx'),
    modelOf([external('w', entry('location', location), entry('offset', '4'), ...more)]),
  );
  return at('m.onnx');
}
const data = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9);
const valuesOf = (model: Model, index = 0): number[] => [
  ...(model.graph.initializers[index]!.toTypedArray() as Uint8Array),
];
const refuses = (model: Model, code: string): void =>
  expect(() => valuesOf(model)).toThrow(
    expect.objectContaining({ name: 'ModelError', code, at: 'tensor "w"' }),
  );

describe('loadModel', () => {
  it('reads a model', async () => {
    writeFileSync(at('m.onnx'), modelOf([inline('w', 1, 2)]));
    expect(valuesOf(await loadModel(at('m.onnx')))).toEqual([1, 2]);
  });

  it('reads external data when somebody looks, not before', async () => {
    const model = await loadModel(writeModel());
    refuses(model, 'external-data-missing');
    writeFileSync(at('w.bin'), data);
    expect(valuesOf(model)).toEqual([5, 6, 7, 8]);
  });

  it('reads data files in folders below, elsewhere, or not at all, as told', async () => {
    mkdirSync(at('sub'));
    writeFileSync(at('sub', 'w.bin'), data);
    expect(valuesOf(await loadModel(writeModel('sub/w.bin')))).toEqual([5, 6, 7, 8]);
    expect(valuesOf(await loadModel(writeModel(), { externalFolder: at('sub') }))).toEqual([5, 6, 7, 8]);
    const missing = await loadModel(writeModel(), { external: false });
    expect(() => valuesOf(missing)).toThrow(expect.objectContaining({ code: 'external-data-missing' }));
  });

  it('reads data beside a model that is given without a folder', async () => {
    writeModel();
    writeFileSync(at('w.bin'), data);
    const before = process.cwd();
    try {
      process.chdir(folder);
      expect(valuesOf(await loadModel('m.onnx'))).toEqual([5, 6, 7, 8]);
    } finally {
      process.chdir(before);
    }
  });

  it.each([
    ['a file that is not there', 'absent.onnx', 'file-not-found'],
    ['a folder', '.', 'not-a-file'],
    ['a file in a file', 'm.onnx/x', 'file-not-found'],
  ])('refuses %s', async (_, name, code) => {
    writeModel();
    await expect(loadModel(at(name))).rejects.toMatchObject({ name: 'ModelError', code, at: at(name) });
  });

  it('refuses a file that no protobuf reader takes, without reading it', async () => {
    writeFileSync(at('huge.onnx'), '');
    truncateSync(at('huge.onnx'), 2 ** 31);
    await expect(loadModel(at('huge.onnx'))).rejects.toMatchObject({ code: 'model-too-large' });
  });
});

describe('external data is refused', () => {
  it.each(['../w.bin', '/etc/hostname', 'a/../../w.bin', '..\\w.bin', 'file:///w.bin', ''])(
    'at the location %j',
    async (location) => {
      writeFileSync(at('w.bin'), data);
      refuses(await loadModel(writeModel(location)), 'external-path-refused');
    },
  );

  it('behind a symbolic link, as file or as folder', async () => {
    mkdirSync(at('real'));
    writeFileSync(at('real', 'w.bin'), data);
    symlinkSync(at('real', 'w.bin'), at('w.bin'));
    symlinkSync(at('real'), at('linked'));
    refuses(await loadModel(writeModel('w.bin')), 'external-file-refused');
    refuses(await loadModel(writeModel('linked/w.bin')), 'external-file-refused');
    expect(valuesOf(await loadModel(writeModel('real/w.bin')))).toEqual([5, 6, 7, 8]);
  });

  it('under a second name of a file', async () => {
    writeFileSync(at('secret'), data);
    linkSync(at('secret'), at('w.bin'));
    refuses(await loadModel(writeModel()), 'external-file-refused');
  });

  it('in a folder or a pipe', async () => {
    mkdirSync(at('w.bin'));
    refuses(await loadModel(writeModel()), 'external-file-refused');
    execFileSync('mkfifo', [at('pipe')]);
    refuses(await loadModel(writeModel('pipe')), 'external-file-refused');
  });

  it('beyond the end of the file, before memory is taken', async () => {
    writeFileSync(at('w.bin'), data.subarray(0, 7));
    refuses(await loadModel(writeModel()), 'external-data-out-of-range');
    const huge = modelOf([
      len(5, int(1, 2 ** 45), int(2, 2), len(8, 'w'), entry('location', 'w.bin'), int(14, 1)),
    ]);
    writeFileSync(at('huge.onnx'), huge);
    refuses(await loadModel(at('huge.onnx')), 'external-data-out-of-range');
  });

  it('with another checksum, when checksums are verified', async () => {
    writeFileSync(at('w.bin'), data);
    const sha1 = createHash('sha1').update(data).digest('hex');
    const verifyChecksums = true;
    expect(
      valuesOf(await loadModel(writeModel('w.bin', entry('checksum', sha1)), { verifyChecksums })),
    ).toEqual([5, 6, 7, 8]);
    const wrong = writeModel('w.bin', entry('checksum', sha1.replace(/./, 'x')));
    refuses(await loadModel(wrong, { verifyChecksums }), 'checksum-mismatch');
    expect(valuesOf(await loadModel(wrong))).toEqual([5, 6, 7, 8]);
  });
});

describe('saveModel', () => {
  const model = decodeModel(
    modelOf([inline('small', 1, 2), inline('large', ...Array<number>(100).fill(7)), inline('other', 3)]),
  );

  it('writes the bytes of encodeModel and leaves nothing else', async () => {
    await saveModel(model, at('m.onnx'), { sync: true });
    expect(readFileSync(at('m.onnx')).equals(encodeModel(model))).toBe(true);
    expect(readdirSync(folder)).toEqual(['m.onnx']);
  });

  it('moves initializers from a threshold on to a data file, aligned', async () => {
    await saveModel(model, at('m.onnx'), { externalThreshold: 2 });
    expect(readdirSync(folder).sort()).toEqual(['m.onnx', 'm.onnx.data']);
    const loaded = await loadModel(at('m.onnx'));
    expect(loaded.graph.initializers.map(placeOf)).toEqual([
      'm.onnx.data 0 2',
      'm.onnx.data 64 100',
      undefined,
    ]);
    expect(valuesOf(loaded, 0)).toEqual([1, 2]);
    expect(valuesOf(loaded, 1)).toEqual(Array(100).fill(7));
    expect(valuesOf(loaded, 2)).toEqual([3]);
    expect(statSync(at('m.onnx.data')).size).toBe(164);
  });

  it('starts large tensors on a page', async () => {
    const large = tensor('uint8', [2 ** 20], new Uint8Array(2 ** 20), 'large');
    await saveModel(withInitializers([...model.graph.initializers, large]), at('m.onnx'), {
      externalThreshold: 0,
    });
    const loaded = await loadModel(at('m.onnx'));
    expect(placeOf(loaded.graph.initializers[3]!)).toBe('m.onnx.data 4096 1048576');
  });

  it('takes external data along, and back into the model', async () => {
    writeFileSync(at('w.bin'), data);
    const loaded = await loadModel(writeModel());
    mkdirSync(at('out'));
    await saveModel(loaded, at('out', 'a.onnx'));
    expect(readdirSync(at('out')).sort()).toEqual(['a.onnx', 'a.onnx.data']);
    expect(valuesOf(await loadModel(at('out', 'a.onnx')))).toEqual([5, 6, 7, 8]);
    await saveModel(loaded, at('out', 'b.onnx'), { externalThreshold: Number.POSITIVE_INFINITY });
    expect(valuesOf(decodeModel(readFileSync(at('out', 'b.onnx'))))).toEqual([5, 6, 7, 8]);
    await saveModel(loaded, at('c.onnx'), { keepReferences: true });
    expect(readFileSync(at('c.onnx')).equals(readFileSync(at('m.onnx')))).toBe(true);
  });

  it('never replaces the data file it reads from', async () => {
    await saveModel(model, at('m.onnx'), { externalThreshold: 2 });
    const loaded = await loadModel(at('m.onnx'));
    await saveModel(loaded, at('m.onnx'));
    expect(readdirSync(folder).sort()).toEqual(['m.onnx', 'm.onnx.1.data', 'm.onnx.data']);
    expect(valuesOf(loaded, 1)).toEqual(Array(100).fill(7));
    expect(valuesOf(await loadModel(at('m.onnx')), 1)).toEqual(Array(100).fill(7));
    await expect(saveModel(loaded, at('x.onnx'), { externalFile: 'm.onnx.data' })).rejects.toMatchObject({
      code: 'external-file-in-use',
    });
  });

  it('replaces an older model and its data together', async () => {
    await saveModel(model, at('m.onnx'), { externalThreshold: 2 });
    chmodSync(at('m.onnx'), 0o600);
    await saveModel(withInitializers([tensor('uint8', [3], [9, 9, 9], 'w')]), at('m.onnx'), {
      externalThreshold: 2,
    });
    expect(readdirSync(folder).sort()).toEqual(['m.onnx', 'm.onnx.data']);
    expect(valuesOf(await loadModel(at('m.onnx')))).toEqual([9, 9, 9]);
    expect(statSync(at('m.onnx')).mode & 0o777).toBe(0o600);
  });

  it('that fails leaves the old files and no others', async () => {
    await saveModel(model, at('m.onnx'), { externalThreshold: 2 });
    const before = [readFileSync(at('m.onnx')), readFileSync(at('m.onnx.data'))];
    const missing = decodeModel(bytes(len(7, external('w', entry('location', 'gone.bin')))));
    const broken = withInitializers([...model.graph.initializers, ...missing.graph.initializers]);
    await expect(saveModel(broken, at('m.onnx'), { externalThreshold: 2 })).rejects.toMatchObject({
      code: 'external-data-missing',
    });
    expect(readdirSync(folder).sort()).toEqual(['m.onnx', 'm.onnx.data']);
    expect([readFileSync(at('m.onnx')), readFileSync(at('m.onnx.data'))]).toEqual(before);
  });

  it('that cannot take its last name undoes the others', async () => {
    mkdirSync(at('m.onnx'));
    writeFileSync(at('m.onnx.data'), 'old');
    await expect(saveModel(model, at('m.onnx'), { externalThreshold: 2 })).rejects.toMatchObject({
      code: 'not-a-file',
    });
    expect(readdirSync(folder).sort()).toEqual(['m.onnx', 'm.onnx.data']);
    expect(readFileSync(at('m.onnx.data'), 'utf8')).toBe('old');
  });

  it.each(['../w.data', '/tmp/w.data', 'a\\b', ''])('writes no data to %j', async (externalFile) => {
    await expect(
      saveModel(model, at('m.onnx'), { externalThreshold: 0, externalFile }),
    ).rejects.toMatchObject({
      code: 'external-path-refused',
    });
    expect(existsSync(at('m.onnx'))).toBe(false);
  });

  it('writes no data through links, neither to a file nor into a folder', async () => {
    mkdirSync(at('real'));
    writeFileSync(at('victim'), 'untouched');
    symlinkSync(at('victim'), at('m.onnx.data'));
    symlinkSync(at('real'), at('linked'));
    const save = (externalFile?: string) =>
      saveModel(model, at('m.onnx'), { externalThreshold: 0, externalFile });
    await expect(save()).rejects.toMatchObject({ code: 'external-file-refused' });
    await expect(save('linked/w.data')).rejects.toMatchObject({ code: 'external-file-refused' });
    linkSync(at('victim'), at('second'));
    await expect(save('second')).rejects.toMatchObject({ code: 'external-file-refused' });
    expect(readFileSync(at('victim'), 'utf8')).toBe('untouched');
    expect(readdirSync(at('real'))).toEqual([]);
  });

  it('replaces a link at the path of the model, not the file behind it', async () => {
    writeFileSync(at('victim'), 'untouched');
    symlinkSync(at('victim'), at('m.onnx'));
    await saveModel(model, at('m.onnx'));
    expect(readFileSync(at('victim'), 'utf8')).toBe('untouched');
    expect(readFileSync(at('m.onnx')).equals(encodeModel(model))).toBe(true);
  });

  it('says that the folder is not there', async () => {
    await expect(saveModel(model, at('no', 'm.onnx'))).rejects.toMatchObject({ code: 'file-not-found' });
  });

  it('reaches constants of subgraphs and functions', async () => {
    const constant = (value: Tensor) => ({
      opType: 'Constant',
      inputs: [],
      outputs: ['c'],
      metadata: [],
      deviceConfigurations: [],
      attributes: [{ name: 'value', type: 'TENSOR', value } as const],
    });
    writeFileSync(at('w.bin'), data);
    const [w] = (await loadModel(writeModel())).graph.initializers;
    const inner = { ...model.graph, nodes: [constant(w!)], initializers: [] };
    const branch = {
      ...constant(w!),
      opType: 'If',
      attributes: [{ name: 'then_branch', type: 'GRAPH', value: inner } as const],
    };
    const definition = {
      name: 'f',
      inputs: [],
      outputs: [],
      attributes: [],
      attributeDefaults: [],
      nodes: [constant(w!)],
      opsetImports: [],
      valueInfos: [],
      metadata: [],
    };
    const whole: Model = { ...model, graph: { ...model.graph, nodes: [branch] }, functions: [definition] };
    await saveModel(whole, at('out.onnx'));
    const loaded = await loadModel(at('out.onnx'));
    const found: string[] = [];
    const visit = (nodes: Model['graph']['nodes']): void => {
      for (const { attributes } of nodes)
        for (const attribute of attributes) {
          if (attribute.type === 'GRAPH') visit(attribute.value.nodes);
          if (attribute.type === 'TENSOR')
            found.push(`${placeOf(attribute.value)}: ${attribute.value.toTypedArray()}`);
        }
    };
    visit(loaded.graph.nodes);
    visit(loaded.functions[0]!.nodes);
    expect(found).toEqual(['out.onnx.data 0 4: 5,6,7,8', 'out.onnx.data 64 4: 5,6,7,8']);
  });

  function withInitializers(initializers: readonly Tensor[]): Model {
    return { ...model, graph: { ...model.graph, initializers } };
  }
});

function placeOf({ external: entries }: Tensor): string | undefined {
  return entries?.map(({ value }) => value).join(' ');
}
