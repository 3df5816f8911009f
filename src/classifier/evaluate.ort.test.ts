import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { normal } from '../../test/evaluate.ts';
import { MemorySplit, type Split, statistics, stratifiedSubset, synthetic } from '../data/index.ts';
import { Graph, Random } from '../ir/index.ts';
import { Builder } from '../ops/index.ts';
import { evaluateGraph, evaluateModel } from './evaluate.ts';
import type { Normalisation } from './normalisation.ts';

const [count, classes] = [7, 9];
const names = Array.from({ length: classes }, (_, k) => `class ${k}`);

/** Images of 3 x 3 pixels, each pixel ten times the score of a class; two scores of image 2 are equal. */
function split(): Split {
  const random = new Random(3);
  const pixels = Uint8Array.from({ length: count * classes }, () => random.int(60));
  pixels.fill(200, 2 * classes + 4, 2 * classes + 6);
  const labels = Int32Array.from([0, 3, 5, 8, 1, 1, 2]);
  return new MemorySplit('scores', { channels: 1, height: 3, width: 3 }, pixels, labels, classes);
}

/** Scores are the pixels as they come in, and what `last` makes of them. */
function network(batch: number | string, last?: (b: Builder, graph: Graph) => void): Graph {
  const graph = new Graph('scores');
  const b = new Builder(graph);
  const x = graph.input('input', 'float32', [batch, 1, 3, 3]);
  graph.outputs = [b.op('Flatten', [x])];
  last?.(b, graph);
  return graph;
}
const softmax = (b: Builder, graph: Graph) => {
  graph.outputs = [b.op('Softmax', [graph.outputs[0]!])];
};
const normalisation = { mean: [0], std: [10] };

/** Scores of image `i` by hand, and the ranks of its classes, the first of equals first. */
function byHand(i: number) {
  const { pixels, labels } = split();
  const y = Array.from(pixels!.subarray(i * classes, (i + 1) * classes), (v) => v / 10);
  const order = y.map((_, k) => k).sort((a, b) => y[b]! - y[a]! || a - b);
  const total = y.reduce((sum, v) => sum + Math.exp(v), 0);
  const label = labels[i]!;
  const probability = (k: number) => Math.exp(y[k]!) / total;
  return {
    label,
    order,
    rank: order.indexOf(label),
    loss: -Math.log(probability(label)),
    best: probability(order[0]!),
  };
}
const images = Array.from({ length: count }, (_, i) => byHand(i));
const share = (test: (image: ReturnType<typeof byHand>) => boolean) => images.filter(test).length / count;

describe('evaluateGraph', () => {
  it.each([
    ['any batch size', network('N')],
    ['a fixed batch size, the last batch padded', network(3)],
    ['probabilities', network('N', softmax)],
    ['probabilities and a fixed batch size', network(4, softmax)],
  ])('%s', async (_, graph) => {
    const done: number[] = [];
    const options = { batchSize: 3, onProgress: (n: number) => done.push(n) };
    const found = await evaluateGraph(graph, split(), names, normalisation, options);
    expect(found.samples).toBe(count);
    expect(found.skipped).toBe(0);
    expect(found.top1).toBeCloseTo(share((i) => i.rank === 0));
    expect(found.top5).toBeCloseTo(share((i) => i.rank < 5));
    expect(found.top5).toBeLessThan(1);
    expect(found.loss).toBeCloseTo(images.reduce((s, i) => s + i.loss, 0) / count, 4);
    expect([...found.predictions]).toEqual(images.map((i) => i.order[0]));
    for (const [i, p] of found.probabilities.entries()) expect(p).toBeCloseTo(images[i]!.best, 4);
    const confusion = names.map((_, label) =>
      names.map((_, k) => images.filter((i) => i.label === label && i.order[0] === k).length),
    );
    expect(found.confusion).toEqual(confusion);
    expect(found.classes).toEqual(names);
    expect(done.at(-1)).toBe(count);
  });

  it('counts scores that are not numbers as wrong', async () => {
    const graph = network('N', (b, g) => {
      g.outputs = [b.op('Log', [b.add(g.outputs[0]!, -1000)])];
    });
    const found = await evaluateGraph(graph, split(), names, normalisation);
    expect([found.top1, found.top5, found.loss]).toEqual([0, 0, Number.NaN]);
  });

  it('leaves the network as it was', async () => {
    const graph = network('N');
    await evaluateGraph(graph, split(), names, normalisation);
    expect([graph.inputs[0]!.name, graph.inputs[0]!.dtype, graph.nodes.length]).toEqual(['input', 'float32', 1]);
  });

  it('numbers classes that the data set has no name for', async () => {
    const two = new MemorySplit('two', split(), split().pixels!, new Int32Array(count), 2);
    const found = await evaluateGraph(network('N'), two, ['a', 'b'], normalisation);
    expect(found.classes).toEqual(['a', 'b', '2', '3', '4', '5', '6', '7', '8']);
  });

  it('refuses fewer scores than classes, and scores of another form', async () => {
    const tens = new MemorySplit('tens', split(), split().pixels!, split().labels, 10);
    await expect(evaluateGraph(network('N'), tens, names, normalisation)).rejects.toMatchObject({
      code: 'E_MODEL',
      message: "graph 'scores': expected at least 10 classes for this data set, found 9",
    });
    const map = network('N', (_, g) => {
      g.outputs = [g.nodes[0]!.input(0)];
    });
    const identity = new Builder(map);
    map.outputs = [identity.op('Relu', [map.inputs[0]!])];
    await expect(evaluateGraph(map, split(), names, normalisation)).rejects.toMatchObject({
      code: 'E_MODEL',
      message: "graph 'scores': expected scores [N, classes], found [N, 1, 3, 3]",
    });
  });
});

describe('evaluateModel', () => {
  /** Ten scores of an image's mean colour. */
  function colours(width = 10): Graph {
    const graph = new Graph('colours');
    const b = new Builder(graph);
    const x = graph.input('input', 'float32', ['N', 3, 32, 32]);
    const weights = b.constant('w', normal(4, [3, width]));
    graph.outputs = [b.matmul(b.op('Flatten', [b.op('GlobalAveragePool', [x])]), weights)];
    return graph;
  }

  it("evaluates some test images, of each class as many, normalised as the model's metadata says or else by the data set", async () => {
    const dataset = synthetic();
    const some = stratifiedSubset(dataset.test, 30);
    const options = { data: 'synthetic', testSamples: 30, batchSize: 16 };
    const expected = async (normalisation: Normalisation) =>
      (await evaluateGraph(colours(), some, dataset.classes, normalisation)).loss;
    const plain = await evaluateModel(colours(), options);
    expect([plain.samples, plain.classes]).toEqual([30, dataset.classes]);
    const own = await expected(await statistics(dataset));
    expect(plain.loss).toBeCloseTo(own, 5);
    const graph = colours();
    graph.metadata.set('input_mean', '100').set('input_std', '20');
    const named = await expected({ mean: [100, 100, 100], std: [20, 20, 20] });
    expect((await evaluateModel(graph, options)).loss).toBeCloseTo(named, 5);
    expect(Math.abs(named - own)).toBeGreaterThan(0.1);
  });

  it.each<[string, (graph: Graph) => void, string]>([
    [
      'an input that is no image',
      (g) => {
        g.inputs[0]!.type = { dtype: 'float32', shape: ['N', 2, 32, 32] };
      },
      'expected an input [N, 1 or 3, H, W], found [N, 2, 32, 32]',
    ],
    ['a second input', (g) => g.input('mask', 'float32', ['N']), 'expected an input [N, 1 or 3, H, W], found 2 inputs'],
  ])('refuses %s', async (_, change, detail) => {
    const graph = colours();
    change(graph);
    await expect(evaluateModel(graph, { data: 'synthetic' })).rejects.toMatchObject({ code: 'E_MODEL', detail });
  });

  it('refuses a data set with other classes', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tritbank-classes-'));
    try {
      for (const name of ['cat', 'dog', 'owl']) {
        mkdirSync(join(folder, name));
        const image = sharp({ create: { width: 32, height: 32, channels: 3, background: '#248' } });
        for (const file of ['1.png', '2.png'])
          await image
            .clone()
            .png()
            .toFile(join(folder, name, file));
      }
      await expect(evaluateModel(colours(4), { data: folder })).rejects.toMatchObject({
        code: 'E_DATA',
        detail: 'expected the 4 classes of the model, or a classes.json that gives their indices, found 3 classes',
      });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
