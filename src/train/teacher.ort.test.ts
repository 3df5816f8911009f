import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { relativeError } from '../../test/evaluate.ts';
import { small, smallFeeds, smallNetwork, smallNormalisation } from '../../test/ort/train-small.ts';
import { normalisationMetadata, takePixels } from '../classifier/index.ts';
import { compile } from '../engine/index.ts';
import { type Graph, printGraph, toNumbers } from '../ir/index.ts';
import { saveModel } from '../onnx/index.ts';
import { Builder } from '../ops/index.ts';
import { loadTeacher, mirrored, type TeacherOptions } from './teacher.ts';

let directory = '';
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'tritbank-teacher-'));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const { batch, channels, size, classes } = small;
const options: TeacherOptions = { batchSize: batch, channels, size, classes, normalisation: smallNormalisation };
const given = smallFeeds(1).images!;

async function save(change?: (graph: Graph, b: Builder) => void, name = 'teacher'): Promise<string> {
  const graph = smallNetwork();
  change?.(graph, new Builder(graph));
  const path = join(directory, `${name}.onnx`);
  await saveModel(graph, path);
  return path;
}

async function logits(path: string): Promise<number[]> {
  const teacher = await loadTeacher([path], options);
  const found = await teacher.logits(given, 1);
  await teacher.release();
  expect(found.dims).toEqual([batch, classes]);
  return toNumbers(found);
}

async function expectedLogits(normalisation = smallNormalisation, images = given): Promise<number[]> {
  const graph = smallNetwork();
  takePixels(graph, batch, normalisation);
  const engine = await compile(graph);
  const found = toNumbers((await engine.run({ images })).logits!);
  await engine.release();
  return found;
}

describe('loadTeacher', () => {
  it('gives scores of uint8 images', async () => {
    expect(relativeError(await logits(await save()), await expectedLogits())).toBeLessThan(1e-5);
  });

  it('takes a graph in memory, and leaves it as it is', async () => {
    const graph = smallNetwork();
    const text = printGraph(graph);
    const teacher = await loadTeacher([graph], options);
    const found = toNumbers(await teacher.logits(given, 1));
    await teacher.release();
    expect(relativeError(found, await expectedLogits())).toBeLessThan(1e-5);
    expect(printGraph(graph)).toBe(text);
    await expect(loadTeacher([graph], { ...options, classes: 4 })).rejects.toMatchObject({ where: "graph 'small'" });
  });

  it("normalises as the teacher's metadata says", async () => {
    const own = { mean: [0, 10, 20], std: [255, 100, 30] };
    const path = await save((graph) => {
      for (const [key, value] of Object.entries(normalisationMetadata(own))) graph.metadata.set(key, value);
    });
    expect(relativeError(await logits(path), await expectedLogits(own))).toBeLessThan(1e-5);
  });

  it('takes the scores in front of a softmax', async () => {
    const path = await save((graph, b) => {
      graph.outputs = [b.op('Softmax', [graph.outputs[0]!])];
    });
    expect(relativeError(await logits(path), await expectedLogits())).toBeLessThan(1e-5);
  });

  it('takes one whose batch is fixed for as many images as a step has', async () => {
    const path = await save((graph) => {
      graph.inputs[0]!.type = { dtype: 'float32', shape: [1, small.channels, small.size, small.size] };
    }, 'fixed');
    expect(relativeError(await logits(path), await expectedLogits())).toBeLessThan(1e-5);
  });

  it.each<[string, Partial<TeacherOptions>, string]>([
    ['another number of classes', { classes: 4 }, 'expected 4 classes as in the data set, found 5'],
    ['another size', { size: 9 }, 'expected an input [N, 3, 9, 9], found [N, 3, 8, 8]'],
    ['other channels', { channels: 1 }, 'expected an input [N, 1, 8, 8], found [N, 3, 8, 8]'],
  ])('refuses %s', async (_, changes, detail) => {
    const path = await save();
    await expect(loadTeacher([path], { ...options, ...changes })).rejects.toMatchObject({
      code: 'E_MODEL',
      where: path,
      detail,
    });
  });

  it('refuses a second input', async () => {
    const path = await save((graph, b) => {
      const mask = graph.input('mask', 'float32', ['N', classes]);
      graph.outputs = [b.mul(graph.outputs[0]!, mask)];
    });
    await expect(loadTeacher([path], options)).rejects.toMatchObject({ code: 'E_MODEL' });
  });
});

describe('several teachers', () => {
  const twice = (graph: Graph, b: Builder) => {
    graph.outputs = [b.mul(graph.outputs[0]!, 2)];
  };

  /** What is said in steps 0 to 3, as a multiple of what a single teacher says of the images, and of mirrored ones. */
  async function turns(mirror: boolean): Promise<string[]> {
    const plain = await expectedLogits();
    const turned = await expectedLogits(smallNormalisation, mirrored(given));
    const teacher = await loadTeacher([await save(), await save(twice, 'twice')], { ...options, mirror });
    const found: string[] = [];
    for (let step = 0; step < 4; step++) {
      const scores = toNumbers(await teacher.logits(given, step));
      const isNear = (values: number[], factor: number) =>
        relativeError(
          scores,
          values.map((v) => v * factor),
        ) < 1e-5;
      const names = [1, 2].flatMap((factor) => [
        ...(isNear(plain, factor) ? [`${factor}`] : []),
        ...(isNear(turned, factor) ? [`${factor} mirrored`] : []),
      ]);
      found.push(names.join(' or '));
    }
    await teacher.release();
    return found;
  }

  it('take turns', async () => {
    expect(await turns(false)).toEqual(['1', '2', '1', '2']);
  });

  it('see one batch mirrored and one as it is, each', async () => {
    expect(await turns(true)).toEqual(['1 mirrored', '1', '2 mirrored', '2']);
  });

  it('are all checked', async () => {
    const other = await save((graph) => {
      graph.inputs[0]!.type = { dtype: 'float32', shape: ['N', 3, 9, 9] };
    }, 'large');
    await expect(loadTeacher([await save(), other], options)).rejects.toMatchObject({ code: 'E_MODEL', where: other });
  });
});

it('mirrors images left to right, one by one', () => {
  const dims = [2, 1, 2, 3];
  const pixels = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12);
  expect(toNumbers(mirrored({ dtype: 'uint8', dims, data: pixels }))).toEqual([3, 2, 1, 6, 5, 4, 9, 8, 7, 12, 11, 10]);
  expect(pixels[0]).toBe(1);
});
