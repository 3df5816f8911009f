import { mkdir, mkdtemp, open, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { f32Type, modelBytes, node } from '../../test/onnx-model.ts';
import { f32, Graph, printGraph, TritbankError } from '../ir/index.ts';
import { canonicalOpset } from '../ops/names.ts';
import { loadModel, openModel, saveModel } from './files.ts';

let folder = '';
const path = (name: string) => join(folder, name);

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tritbank-onnx-'));
});
afterEach(() => rm(folder, { recursive: true }));

function sample(scale = 1): Graph {
  const graph = new Graph('net', canonicalOpset);
  const ramp = Float32Array.from({ length: 1200 }, (_, i) => scale * Math.sin(i));
  const w = graph.initializer('w', f32([1200], ramp));
  const v = graph.initializer('v', f32([300], ramp.subarray(0, 300)));
  const tiny = graph.initializer('tiny', f32([1], [scale]));
  const sum = graph.add('Add', [graph.input('x', 'float32', [1200]), w]);
  graph.outputs.push(graph.add('Concat', [sum.output(), v, tiny], { axis: { kind: 'int', value: 0 } }).output());
  return graph;
}

/** The error's line with the temporary folder taken out. */
async function failure(action: Promise<unknown>): Promise<string> {
  const found = await action.then(
    () => 'no error',
    (error) => (error instanceof TritbankError ? error.line : String(error)),
  );
  return found.replaceAll(`${folder}/`, '');
}

const externalModel = (location: string, offset = '0') =>
  modelBytes({
    inputs: { x: f32Type(2) },
    nodes: [node('Add', ['x', 'w'], ['y'])],
    outputs: { y: f32Type(2) },
    graph: {
      initializer: [
        {
          name: 'w',
          dims: [2n],
          dataType: 1,
          dataLocation: 1,
          externalData: [
            { key: 'location', value: location },
            { key: 'offset', value: offset },
            { key: 'length', value: '8' },
          ],
        },
      ],
    },
  });

describe('model files', () => {
  it('saves one file and loads it', async () => {
    await saveModel(sample(), path('m.onnx'));
    expect(await readdir(folder)).toEqual(['m.onnx']);
    const back = await loadModel(path('m.onnx'));
    expect(printGraph(back)).toBe(printGraph(sample()));
    expect(back.value('w').constant).toEqual(sample().value('w').constant);
  });

  it('saves large tensors beside the model and loads them', async () => {
    await saveModel(sample(), path('m.onnx'), { externalData: true });
    expect((await readdir(folder)).sort()).toEqual(['m.onnx', 'm.onnx.data']);
    // w takes 4800 bytes from 0, v 1200 bytes from the next multiple of 4096, tiny stays inside
    expect((await stat(path('m.onnx.data'))).size).toBe(8192 + 1200);
    const { graph: back, fileBytes } = await openModel(path('m.onnx'));
    expect(fileBytes).toBe(8192 + 1200 + (await stat(path('m.onnx'))).size);
    for (const name of ['w', 'v', 'tiny']) expect(back.value(name).constant).toEqual(sample().value(name).constant);
  });

  it('replaces files, and leaves the old ones where writing fails', async () => {
    await saveModel(sample(1), path('m.onnx'), { externalData: true });
    await saveModel(sample(2), path('m.onnx'), { externalData: true });
    expect((await loadModel(path('m.onnx'))).value('tiny').constant?.data[0]).toBe(2);
    const before = await readFile(path('m.onnx'));
    const broken = sample(3);
    broken.nodes.reverse();
    await expect(saveModel(broken, path('m.onnx'))).rejects.toThrow('expected input');
    expect(await readFile(path('m.onnx'))).toEqual(before);
    expect((await readdir(folder)).length).toBe(2);
  });

  it('finds external data in subfolders', async () => {
    await mkdir(path('data'));
    await writeFile(path('data/w.bin'), new Uint8Array(Float32Array.of(5, 6, 7).buffer));
    await writeFile(path('m.onnx'), externalModel('data/w.bin', '4'));
    expect((await loadModel(path('m.onnx'))).value('w').constant?.data).toEqual(Float32Array.of(6, 7));
  });

  it('reads the ranges that it needs, and through links no other folder', async () => {
    await mkdir(path('model'));
    await mkdir(path('store'));
    const values = new Uint8Array(Float32Array.of(5, 6).buffer);
    await writeFile(path('store/w.bin'), values);
    await writeFile(path('model/m.onnx'), externalModel('w.bin'));
    await symlink(path('store/w.bin'), path('model/w.bin'));
    expect(await failure(loadModel(path('model/m.onnx')))).toBe(
      "error E_FILE: model/w.bin: expected external data inside the model's folder, found a link out of it",
    );
    await symlink(path('store'), path('model/sub'));
    await writeFile(path('model/m.onnx'), externalModel('sub/w.bin'));
    expect(await failure(loadModel(path('model/m.onnx')))).toContain('found a link out of it');
    // stores of downloads: model and data are links into one folder
    await writeFile(path('store/m'), externalModel('w.bin'));
    await rm(path('model/m.onnx'));
    await symlink(path('store/m'), path('model/m.onnx'));
    expect((await loadModel(path('model/m.onnx'))).value('w').constant?.data).toEqual(Float32Array.of(5, 6));
  });

  it('reads a range of a file that is larger than memory', async () => {
    const handle = await open(path('w.bin'), 'w');
    await handle.truncate(2 ** 40);
    await handle.close();
    await writeFile(path('m.onnx'), externalModel('w.bin', String(2 ** 40 - 8)));
    const { graph, fileBytes } = await openModel(path('m.onnx'));
    expect(graph.value('w').constant?.data).toEqual(Float32Array.of(0, 0));
    expect(fileBytes).toBeGreaterThan(2 ** 40);
  });

  it('says what is wrong with files', async () => {
    expect(await failure(loadModel(path('none.onnx')))).toBe(
      'error E_FILE: none.onnx: expected a readable file, found none',
    );
    await mkdir(path('folder.onnx'));
    expect(await failure(loadModel(path('folder.onnx')))).toBe(
      'error E_FILE: folder.onnx: expected a file, found a folder or device',
    );
    await writeFile(path('m.onnx'), externalModel('w.bin'));
    expect(await failure(loadModel(path('m.onnx')))).toBe('error E_FILE: w.bin: expected a readable file, found none');
    await writeFile(path('w.bin'), new Uint8Array(7));
    expect(await failure(loadModel(path('m.onnx')))).toBe(
      "error E_FORMAT: m.onnx: initializer 'w': expected bytes 0 to 8 in 'w.bin', found a file of 7",
    );
    await writeFile(path('m.onnx'), externalModel('../w.bin'));
    expect(await failure(loadModel(path('m.onnx')))).toBe(
      "error E_FORMAT: m.onnx: initializer 'w': expected external data as a plain path inside the model's folder, found '../w.bin'",
    );
    expect(await failure(saveModel(sample(), path('none/m.onnx')))).toBe(
      'error E_FILE: none/m.onnx: expected a writable folder with room, found none',
    );
    expect(await failure(saveModel(sample(), path('folder.onnx')))).toBe(
      'error E_FILE: folder.onnx: expected a file, found a folder or device',
    );
    expect((await readdir(folder)).sort()).toEqual(['folder.onnx', 'm.onnx', 'w.bin']);
  });
});
