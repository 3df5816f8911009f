import { describe, expect, it } from 'vitest';
import { evaluate, normal } from '../../test/evaluate.ts';
import { elementCount, f32, type Graph, verify } from '../ir/index.ts';
import { inferShapes, setOutputStride } from '../passes/index.ts';
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

/** What training learns: weights, biases, scales and shifts of batch norms. */
function countParameters(graph: Graph): number {
  const learned = graph.initializers.filter(
    (v) => v.dtype === 'float32' && v.shape.length > 0 && !/_(mean|variance)$/.test(v.name),
  );
  return learned.reduce((n, v) => n + elementCount(v.dims), 0);
}

const countNodes = (graph: Graph, op: string) => graph.nodes.filter((n) => n.op === op).length;
const shapesOf = (graph: Graph, names: readonly string[]) => names.map((name) => graph.value(name).shape);
const published = { ...options, width: 1, inputSize: 224, classes: 1000, firstStride: 2 } as const;

describe('mobilenet-v1', () => {
  it('has the published number of parameters at width 1: 4.2 million', () => {
    const graph = buildNetwork('mobilenet-v1', published);
    const convolutions = graph.nodes.filter((n) => n.op === 'Conv');
    const parameters = convolutions.reduce((n, c) => n + elementCount(c.input(1).dims), 0);
    expect(convolutions).toHaveLength(28);
    expect(parameters).toBe(4_209_088);
    expect(shapesOf(graph, ['conv_relu', 'conv_pw_13_relu'])).toEqual([
      ['N', 32, 112, 112],
      ['N', 1024, 7, 7],
    ]);
  });

  it('keeps at least 8 filters', () => {
    expect(buildNetwork('mobilenet-v1', { ...options, width: 0.01 }).value('conv_pw_1').shape[1]).toBe(8);
  });
});

describe('mobilenet-v2', () => {
  it('has the published number of parameters at width 1: 3,504,872', () => {
    const graph = buildNetwork('mobilenet-v2', published);
    expect(countParameters(graph)).toBe(3_504_872);
    // 17 blocks of three convolutions, the first without expansion; first, last, classifier
    expect(['Conv', 'Clip', 'Add', 'Relu'].map((op) => countNodes(graph, op))).toEqual([53, 35, 10, 0]);
    expect(shapesOf(graph, ['conv', 'block_1_project', 'block_3_add', 'block_17_project', 'conv_last'])).toEqual([
      ['N', 32, 112, 112],
      ['N', 16, 112, 112],
      ['N', 24, 56, 56],
      ['N', 320, 7, 7],
      ['N', 1280, 7, 7],
    ]);
  });

  it('rounds filters to multiples of 8, and widens the last layer only above width 1', () => {
    const filters = (width: number) => {
      const graph = buildNetwork('mobilenet-v2', { ...options, width });
      return ['conv', 'block_2_project', 'conv_last'].map((name) => graph.value(name).shape[1]);
    };
    // 32 x 0.35 = 11.2 would be 8, which is below 90 %; 24 x 0.35 = 8.4
    expect(filters(0.35)).toEqual([16, 8, 1280]);
    expect(filters(1.4)).toEqual([48, 32, 1792]);
  });
});

describe('resnet-20', () => {
  it('has the published number of parameters at width 1: 0.27 million', () => {
    const graph = buildNetwork('resnet-20', { ...options, width: 1 });
    const convolutions = 9 * (3 * 16 + 6 * 16 * 16 + 16 * 32 + 5 * 32 * 32 + 32 * 64 + 5 * 64 * 64);
    const norms = 2 * (7 * 16 + 6 * 32 + 6 * 64);
    expect(convolutions + norms + 64 * 10 + 10).toBe(269_722);
    expect(countParameters(graph)).toBe(269_722);
    expect(['Conv', 'Add', 'Slice', 'Pad'].map((op) => countNodes(graph, op))).toEqual([20, 9, 2, 2]);
    expect(shapesOf(graph, ['block_3_relu', 'block_4_pad', 'block_9_relu'])).toEqual([
      ['N', 16, 32, 32],
      ['N', 32, 16, 16],
      ['N', 64, 8, 8],
    ]);
  });

  it('begins stages with every second pixel, and zeros in the new channels', () => {
    const graph = buildNetwork('resnet-20', { ...options, width: 0.5, channels: 1, inputSize: 28 });
    // a residual part that is scaled by 0 leaves the shortcut alone
    graph.value('block_4_conv_2_bn_scale').constant = f32([16]);
    const outputs = ['block_3_relu', 'block_4_relu'].map((name) => {
      graph.outputs = [graph.value(name)];
      return evaluate(graph, { input: normal(1, [1, 1, 28, 28]) });
    });
    const [before, after] = outputs as [number[], number[]];
    const picked = before.slice(0, 8 * 28 * 28).filter((_, i) => i % 2 === 0 && Math.floor(i / 28) % 2 === 0);
    expect(picked.some((v) => v > 0.1)).toBe(true);
    expect(after).toEqual([...picked, ...Array<number>(8 * 14 * 14).fill(0)]);
  });
});

describe('ds-cnn', () => {
  it('has the 23,180 parameters of MLPerf Tiny without the biases before batch norms', () => {
    const shape = { inputSize: { height: 49, width: 10 }, channels: 1, classes: 12, width: 1, firstStride: 2 } as const;
    const graph = inferShapes(verify(buildNetwork('ds-cnn', { ...options, ...shape })));
    // 23,756 as Keras counts what it trains there, 9 layers of 64 biases among them
    expect(countParameters(graph)).toBe(23_756 - 9 * 64);
    expect(shapesOf(graph, ['input', 'conv_relu', 'conv_pw_4_relu', 'logits'])).toEqual([
      ['N', 1, 49, 10],
      ['N', 64, 25, 5],
      ['N', 64, 25, 5],
      ['N', 12],
    ]);
    expect(graph.value('conv_weight').shape).toEqual([64, 1, 10, 4]);
    expect(graph.value('conv').producer!.ints('pads', [])).toEqual([4, 1, 5, 2]);
  });

  it('has a first kernel of 3x3 for square images', () => {
    expect(buildNetwork('ds-cnn', options).value('conv_weight').shape).toEqual([16, 3, 3, 3]);
  });

  it('has four pairs of 64 filters behind the first layer', () => {
    const graph = buildNetwork('ds-cnn', { ...options, width: 1, channels: 1, classes: 12 });
    expect(countParameters(graph)).toBe(9 * 64 + 4 * (9 * 64 + 64 * 64) + 2 * 9 * 64 + 64 * 12 + 12);
    expect(shapesOf(graph, ['conv_relu', 'conv_pw_4_relu'])).toEqual([
      ['N', 64, 32, 32],
      ['N', 64, 32, 32],
    ]);
  });
});

describe('output stride', () => {
  it.each([
    ['mobilenet-v1', 8, { conv: 32, conv_pw_2: 32, conv_pw_4: 16, conv_pw_6: 8, conv_pw_12: 4, conv_pw_13: 4 }],
    ['mobilenet-v1', 32, { conv: 16, conv_pw_13: 1 }],
    ['mobilenet-v2', 8, { conv: 32, block_2_project: 32, block_4_project: 16, conv_last: 4 }],
    ['resnet-20', 4, { conv: 32, block_4_relu: 16, block_9_relu: 8 }],
    ['ds-cnn', 1, { conv: 32, conv_pw_4: 32 }],
  ] as const)('%s, %d: the first strides become 1', (name, outputStride, sizes) => {
    const graph = buildNetwork(name, { ...options, firstStride: 2, outputStride });
    const found = Object.keys(sizes).map((value) => graph.value(value).shape[2]);
    expect(found).toEqual(Object.values(sizes));
  });
});

it.each<[string, Partial<ArchitectureOptions>, string]>([
  ['resnet', {}, "model: expected one of mobilenet-v1, mobilenet-v2, resnet-20, ds-cnn, found 'resnet'"],
  ['mobilenet-v1', { width: 0 }, 'width: expected a number above 0 and at most 4, found 0'],
  ['mobilenet-v1', { inputSize: 27 }, 'input size: expected 28 to 224 pixels, found 27'],
  ['mobilenet-v1', { inputSize: 32.5 }, 'input size: expected 28 to 224 pixels, found 32.5'],
  ['ds-cnn', { inputSize: { height: 49, width: 7 } }, 'input size: expected 8 to 224 pixels, found 49x7'],
  ['mobilenet-v1', { channels: 4 }, 'channels: expected 1 or 3, found 4'],
  ['mobilenet-v1', { classes: 1 }, 'classes: expected at least 2, found 1'],
  ['mobilenet-v1', { firstStride: 3 as 2 }, 'first stride: expected 1 or 2, found 3'],
  ['mobilenet-v1', { outputStride: 6 }, 'output stride: expected 1, 2, 4, 8, 16, 32, found 6'],
  ['resnet-20', { outputStride: 16 }, 'output stride: expected 1, 2, 4, 8, found 16'],
])('refuses %s %j', (name, changes, message) => {
  const build = () => buildNetwork(name, { ...options, ...changes });
  expect(build).toThrow(expect.objectContaining({ code: 'E_USAGE', message }));
});

describe('a network built for large images', () => {
  const published = { ...options, firstStride: 2 } as const;
  const mapsOf = (graph: Graph) => graph.nodes.filter(({ op }) => op === 'Conv').map((node) => node.output().shape[2]);

  it.each([
    ['mobilenet-v1', [4, 16, 32]],
    ['mobilenet-v2', [4, 16, 32]],
    ['resnet-20', [2, 4, 8]],
  ])('is on small ones what %s is with an output stride of %j', (name, outputStrides) => {
    const feeds = { input: normal(1, [1, 3, 32, 32]) };
    for (const outputStride of outputStrides) {
      const built = inferShapes(buildNetwork(name, { ...published, outputStride }));
      const changed = setOutputStride(inferShapes(buildNetwork(name, published)), outputStride);
      expect(mapsOf(changed)).toEqual(mapsOf(built));
      // blocks of MobileNet-V2 that are built with stride 1 have shortcuts; large maps take long
      const isSame = name !== 'mobilenet-v2' && Number(mapsOf(built).at(-1)) < 8;
      if (isSame) expect(evaluate(changed, feeds)).toEqual(evaluate(built, feeds));
    }
  });
});
