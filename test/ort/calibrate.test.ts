/** Compression without training: small networks whose every output can be compared with the original's. */

import { describe, expect, it } from 'vitest';
import { type CalibrateOptions, calibrate } from '../../src/compress/calibrate/calibrate.ts';
import { measureCost } from '../../src/cost/index.ts';
import { epochOrder, type Split, synthetic } from '../../src/data/index.ts';
import { compile } from '../../src/engine/index.ts';
import { f32, type Graph, isTernary, Random, type Tensor } from '../../src/ir/index.ts';
import { NetworkBuilder } from '../../src/models/index.ts';
import { writeModel } from '../../src/onnx/index.ts';
import { inferShapes } from '../../src/passes/index.ts';
import { bankPlan, isBank, type Plan, upTo } from '../../src/quantize/index.ts';
import { small, smallNetwork, smallNormalisation } from './train-small.ts';

const { train: images } = synthetic({ classes: 5, height: small.size, width: small.size, train: 64, test: 1 });
const options: CalibrateOptions = { images: 64, chunk: 16, normalisation: smallNormalisation, threads: 1 };

/** Biases and statistics at random, so that no channel is like another. */
function perturb(graph: Graph): Graph {
  for (const value of graph.initializers) {
    if (value.dtype !== 'float32' || value.shape.length !== 1) continue;
    const centre = /_(scale|variance)$/.test(value.name) ? 1 : 0;
    const random = new Random(9, value.name);
    const draw = () => centre + 0.5 * (random.float() - 0.5);
    value.constant = f32(value.dims, Float32Array.from({ length: value.dims[0]! }, draw));
  }
  return inferShapes(graph);
}

/** Two branches that meet in a sum, so that several values are live, and an order of filters has to be undone. */
function residualNetwork(): Graph {
  const network = new NetworkBuilder('residual', 11);
  let x = network.input(small.channels, small.size);
  x = network.convBlock('stem', x, { filters: 8, kernel: 3, stride: 2 }, 'relu6');
  let y = network.convBlock('expand', x, { filters: 16, kernel: 1 }, 'relu6');
  y = network.convBlock('depthwise', y, { filters: 16, kernel: 3, groups: 16 }, 'relu6');
  y = network.convBlock('project', y, { filters: 8, kernel: 1 }, 'none');
  return network.classifier(network.add('block', x, y), small.classes);
}

function inputOf(split: Split): Tensor {
  const [plane, { mean, std }] = [small.size ** 2, smallNormalisation];
  const values = Array.from(epochOrder(split.length, 0, 0, true), (index) =>
    Array.from(split.read(index) as Uint8Array, (pixel, at) => {
      const channel = Math.floor(at / plane);
      return (pixel - mean[channel]!) / std[channel]!;
    }),
  );
  return f32([split.length, small.channels, small.size, small.size], values.flat());
}

async function logitsOf(graph: Graph): Promise<Float32Array> {
  const engine = await compile(graph, { threads: 1 });
  const { logits } = await engine.run({ input: inputOf(images) });
  await engine.release();
  return logits!.data as Float32Array;
}

/** Squared difference of scores over their variance, as the report of the last layer has it. */
async function errorOf(compressed: Graph, original: Graph): Promise<number> {
  const [found, expected] = [await logitsOf(compressed), await logitsOf(original)];
  const { classes } = small;
  const means = new Float64Array(classes);
  for (const [at, v] of expected.entries()) means[at % classes]! += v / images.length;
  let [error, variance] = [0, 0];
  for (const [at, v] of expected.entries()) {
    error += (found[at]! - v) ** 2;
    variance += (v - means[at % classes]!) ** 2;
  }
  return error / variance;
}

/** Banks with full-precision filters of given indices, or as many as a number says. */
const planOf = (banks: Record<string, [kept: number | number[], hidden: number]>): Plan => ({
  layers: Object.fromEntries(
    Object.entries(banks).map(([name, [kept, hidden]]) => {
      return [name, bankPlan(99, typeof kept === 'number' ? upTo(kept) : kept, hidden)];
    }),
  ),
});

const plans: [string, () => Graph, Plan][] = [
  ['a chain', smallNetwork, planOf({ pointwise: [[1, 4], 9] })],
  ['a chain, all layers', smallNetwork, planOf({ conv: [2, 8], pointwise: [[], 12], classifier: [[3], 8] })],
  ['a residual block', residualNetwork, planOf({ expand: [5, 16], project: [[0, 2, 7], 12] })],
];

describe.each(plans)('calibrate %s', (_, build, plan) => {
  const original = perturb(build());

  it('reports the errors that the exported network has', async () => {
    const { graph, layers } = await calibrate(original, plan, images, options);
    const { errors } = layers.at(-1)!;
    expect(errors.final).toBeGreaterThan(1e-6);
    expect((await errorOf(graph, original)) / errors.final).toBeCloseTo(1, 2);
    for (const layer of layers) {
      expect(layer.errors.refitted).toBeLessThanOrEqual(layer.errors.inherited * (1 + 1e-6) + 1e-9);
      expect(layer.errors.final).toBeLessThan(0.2);
    }
  });

  it('gives banks that the cost model knows', async () => {
    const { graph, layers } = await calibrate(original, plan, images, options);
    const costs = new Map(measureCost(graph).layers.map((layer) => [layer.name, layer]));
    for (const [name, planned] of Object.entries(plan.layers)) {
      if (!isBank(planned)) throw new Error('expected banks');
      const { method, fullPrecision, hidden } = planned;
      expect(costs.get(name)).toMatchObject({ method, fullPrecision: fullPrecision.length, hidden });
      for (const factor of ['wb', 'wc']) expect(isTernary(graph.value(`${name}_${factor}`).constant!)).toBe(true);
      expect(layers.find((layer) => layer.name === name)!.fullPrecision).toEqual(fullPrecision);
    }
    expect(graph.inputs[0]!.type).toEqual(original.inputs[0]!.type);
    expect(graph.outputs.map((o) => o.name)).toEqual(['logits']);
  });
});

describe('calibrate', () => {
  const original = perturb(smallNetwork());
  const plan = planOf({ pointwise: [4, 6] });

  it('depends on nothing but its arguments, and leaves them as they were', async () => {
    const before = writeModel(original);
    const [one, two] = [
      await calibrate(original, plan, images, options),
      await calibrate(original, plan, images, options),
    ];
    expect(writeModel(two.graph)).toEqual(writeModel(one.graph));
    expect(two.layers).toEqual(one.layers);
    expect(writeModel(original)).toEqual(before);
  });

  it('chooses as many filters anew where asked to: those that hurt most', async () => {
    const chosen = await calibrate(original, plan, images, { ...options, reselect: true });
    const kept = chosen.layers[0]!.fullPrecision!;
    expect(kept).toHaveLength(4);
    expect(kept).not.toEqual(upTo(4));
    const planned = await calibrate(original, planOf({ pointwise: [[...kept], 6] }), images, options);
    expect(writeModel(chosen.graph)).toEqual(writeModel(planned.graph));
  });

  it('leaves other layers alone where asked to', async () => {
    const { layers } = await calibrate(original, plan, images, { ...options, refitOthers: false });
    expect(layers.map(({ name }) => name)).toEqual(['pointwise']);
    const { layers: refitted } = await calibrate(original, plan, images, options);
    expect(refitted.map(({ name }) => name)).toEqual(['pointwise', 'classifier']);
    expect(refitted[1]!.errors.final).toBeLessThan(refitted[1]!.errors.inherited);
  });

  it('tells how far it is, and stops when it is told to', async () => {
    const stop = new AbortController();
    const seen: string[] = [];
    const onProgress: NonNullable<CalibrateOptions['onProgress']> = ({ done, total, layer, remaining }) => {
      seen.push(`${done}/${total} ${layer} ${Number.isFinite(remaining)}`);
      stop.abort(new Error('enough'));
    };
    const running = calibrate(original, plan, images, { ...options, onProgress, signal: stop.signal });
    await expect(running).rejects.toThrow('enough');
    expect(seen).toEqual(['1/2 pointwise true']);
  });

  it.each<[string, Plan, CalibrateOptions, object]>([
    ['a layer that is not there', planOf({ conv_9: [1, 2] }), {}, { code: 'E_USAGE' }],
    ['a depthwise layer', planOf({ depthwise: [1, 2] }), {}, { code: 'E_MODEL' }],
    ['too many filters', planOf({ pointwise: [[8], 2] }), {}, { code: 'E_USAGE' }],
    ['no hidden units', planOf({ pointwise: [2, 0] }), {}, { code: 'E_USAGE' }],
    ['no plan', { layers: {} }, {}, { code: 'E_USAGE', where: 'plan' }],
    ['one image', plan, { images: 1 }, { code: 'E_USAGE', where: 'images' }],
    ['sensitivities of other filters', plan, { sensitivity: new Map([['pointwise', [1]]]) }, { code: 'E_USAGE' }],
    ['negative damping', plan, { damping: -1 }, { code: 'E_USAGE', where: 'damping' }],
  ])('refuses %s', async (_, wrong, given, error) => {
    await expect(calibrate(original, wrong, images, { ...options, ...given })).rejects.toMatchObject(error);
  });

  it('refuses a model without normalisation, and images of another kind', async () => {
    const { normalisation: _, ...rest } = options;
    await expect(calibrate(original, plan, images, rest)).rejects.toMatchObject({ code: 'E_MODEL' });
    const { train: grey } = synthetic({ channels: 1, height: 8, width: 8, train: 4, test: 1 });
    await expect(calibrate(original, plan, grey, options)).rejects.toMatchObject({ code: 'E_DATA' });
  });
});
