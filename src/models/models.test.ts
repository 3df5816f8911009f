import { describe, expect, it } from 'vitest';
import { elementCount, verify } from '../ir/index.ts';
import { inferShapes } from '../passes/index.ts';
import { type ArchitectureOptions, architectures, buildNetwork } from './index.ts';

const options: ArchitectureOptions = { width: 0.25, inputSize: 32, channels: 3, classes: 10, firstStride: 1, seed: 1 };

describe.each(architectures.map((a) => a.name))('%s', (name) => {
  it.each([
    { inputSize: 224, firstStride: 2, classes: 1000 },
    { inputSize: 28, channels: 1, classes: 2 },
    { inputSize: 33, width: 0.5 },
  ] as const)('builds a sound graph from input to logits for %j', (changes) => {
    const wanted = { ...options, ...changes };
    const graph = inferShapes(verify(buildNetwork(name, wanted)));
    const { channels, inputSize, classes } = wanted;
    expect([graph.inputs[0]!.name, graph.inputs[0]!.shape]).toEqual(['input', ['N', channels, inputSize, inputSize]]);
    expect([graph.outputs[0]!.name, graph.outputs[0]!.shape]).toEqual(['logits', ['N', classes]]);
  });

  it('draws the same weights from the same seed, others from another', () => {
    const weights = (seed: number) =>
      buildNetwork(name, { ...options, seed }).initializers.map((v) => v.constant!.data);
    expect(weights(1)).toEqual(weights(1));
    expect(weights(1)[0]).not.toEqual(weights(2)[0]);
  });

  it('draws weights of the variance 2 / fan-out, in the classifier 1 / fan-in', () => {
    const graph = buildNetwork(name, { ...options, width: 0.5, classes: 100 });
    for (const node of graph.nodes.filter((n) => n.op === 'Conv')) {
      const { dims, data } = node.input(1).constant!;
      if (data.length < 2000) continue;
      const fanOut = (dims[0]! * dims[2]! * dims[3]!) / node.int('group', 1);
      const expected = node.name === 'classifier' ? 1 / dims[1]! : 2 / fanOut;
      const variance = (data as Float32Array).reduce((s, v) => s + v * v, 0) / data.length;
      // the estimate's standard deviation is sqrt(2 / weights), at most 0.032
      expect(Math.abs(variance / expected - 1), node.name).toBeLessThan(0.15);
    }
  });
});

describe('mobilenet-v1', () => {
  it('has the published number of parameters at width 1: 4.2 million', () => {
    const graph = buildNetwork('mobilenet-v1', { ...options, width: 1, inputSize: 224, classes: 1000, firstStride: 2 });
    const convolutions = graph.nodes.filter((n) => n.op === 'Conv');
    const parameters = convolutions.reduce((n, c) => n + elementCount(c.input(1).dims), 0);
    expect(convolutions).toHaveLength(28);
    expect(parameters).toBe(4_209_088);
    const maps = [graph.value('conv_relu'), graph.value('conv_pw_13_relu')].map((v) => v.shape);
    expect(maps).toEqual([
      ['N', 32, 112, 112],
      ['N', 1024, 7, 7],
    ]);
  });

  it('keeps at least 8 filters', () => {
    expect(buildNetwork('mobilenet-v1', { ...options, width: 0.01 }).value('conv_pw_1').shape[1]).toBe(8);
  });
});

it.each<[string, Partial<ArchitectureOptions>, string]>([
  ['resnet', {}, "model: expected one of mobilenet-v1, found 'resnet'"],
  ['mobilenet-v1', { width: 0 }, 'width: expected a number above 0 and at most 4, found 0'],
  ['mobilenet-v1', { inputSize: 27 }, 'input size: expected 28 to 224 pixels, found 27'],
  ['mobilenet-v1', { inputSize: 32.5 }, 'input size: expected 28 to 224 pixels, found 32.5'],
  ['mobilenet-v1', { channels: 4 }, 'channels: expected 1 or 3, found 4'],
  ['mobilenet-v1', { classes: 1 }, 'classes: expected at least 2, found 1'],
  ['mobilenet-v1', { firstStride: 3 as 2 }, 'first stride: expected 1 or 2, found 3'],
])('refuses %s %j', (name, changes, message) => {
  const build = () => buildNetwork(name, { ...options, ...changes });
  expect(build).toThrow(expect.objectContaining({ code: 'E_USAGE', message }));
});
