/** Files of TensorFlow Lite against what LiteRT computes of them, as `scripts/litert` recorded it. */

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { compile } from '../../src/engine/index.ts';
import { readAnyModel, tidy } from '../../src/formats/index.ts';
import { f32, type Graph, toNumbers } from '../../src/ir/index.ts';
import { writeModel } from '../../src/onnx/index.ts';
import { normalizeNetwork } from '../../src/passes/index.ts';
import { findLayers } from '../../src/quantize/index.ts';
import { InferenceSession, Tensor } from '../../src/runtime/node.ts';
import { readTflite } from '../../src/tflite/index.ts';
import { feedOf, network, numberFormats, operatorCases, tfliteCases } from '../fixtures/tflite-cases.ts';
import { type ModelSpec, writeTflite } from '../fixtures/tflite-writer.ts';

const { results } = JSON.parse(readFileSync(new URL('../golden/tflite.json', import.meta.url), 'utf8')) as {
  results: Record<string, number[]>;
};

const specOf = (spec: ModelSpec, name: string) => spec.tensors.find((tensor) => tensor.name === name)!;

/** The input as the network takes it: real numbers, channels first. */
function realFeed(spec: ModelSpec, graph: Graph) {
  const { shape, scale, zeroPoint } = specOf(spec, spec.inputs[0]!);
  const real = feedOf(spec).map((value) => (scale ? scale[0]! * (value - zeroPoint![0]!) : value));
  const dims = graph.inputs[0]!.shape.map((d) => (typeof d === 'number' ? d : 1));
  if (shape.length !== 4) return f32(dims, real);
  const [, height, width, channels] = shape as [number, number, number, number];
  const pixels = height * width;
  const at = (i: number) => {
    const [plane, pixel] = [Math.floor(i / pixels), i % pixels];
    const [image, channel] = [Math.floor(plane / channels), plane % channels];
    return real[(image * pixels + pixel) * channels + channel]!;
  };
  return f32(
    dims,
    Array.from({ length: real.length }, (_, i) => at(i)),
  );
}

/** Stored numbers as the real ones that they stand for. */
function realResult(spec: ModelSpec, stored: readonly number[]): number[] {
  const { scale, zeroPoint } = specOf(spec, spec.outputs[0]!);
  return stored.map((value) => (scale ? scale[0]! * (value - (zeroPoint?.[0] ?? 0)) : value));
}

async function run(graph: Graph, spec: ModelSpec): Promise<number[]> {
  const engine = await compile(graph, { threads: 1 });
  const outputs = await engine.run({ [graph.inputs[0]!.name]: realFeed(spec, graph) });
  await engine.release();
  return toNumbers(outputs[graph.outputs[0]!.name]!);
}

function largestDifference(found: readonly number[], expected: readonly number[]): number {
  expect(found.length).toBe(expected.length);
  return found.reduce((most, value, i) => Math.max(most, Math.abs(value - expected[i]!)), 0);
}

const isStored = (name: string) => name.startsWith('network: 8 bits');

describe('an operator is what LiteRT computes', () => {
  it.each(Object.keys(operatorCases))('%s', async (name) => {
    const spec = tfliteCases[name]!;
    const found = await run(tidy(readTflite(writeTflite(spec))), spec);
    expect(largestDifference(found, results[name]!)).toBeLessThan(2e-5);
  });
});

describe('a network is what LiteRT computes', () => {
  it.each(numberFormats.map((format) => `network: ${format}`))('%s', async (name) => {
    const spec = tfliteCases[name]!;
    const activations = isStored(name) ? 'stored' : 'float';
    const found = await run(tidy(readTflite(writeTflite(spec), { activations })), spec);
    const expected = realResult(spec, results[name]!);
    // LiteRT rounds what it multiplies 8-bit weights with; stored numbers may be a step apart
    const allowed = { 'network: weights in 8 bits': 0.01 }[name] ?? (isStored(name) ? 1.01 / 256 : 1e-5);
    expect(largestDifference(found, expected)).toBeLessThan(allowed);
  });

  it('in float, its quantized forms stay near it', async () => {
    for (const format of ['8 bits per tensor', '8 bits per filter'] as const) {
      const spec = network(format);
      const expected = realResult(spec, results[`network: ${format}`]!);
      const graph = tidy(readTflite(writeTflite(spec)));
      expect(graph.nodes.some(({ op }) => op.includes('Quantize'))).toBe(false);
      expect(largestDifference(await run(graph, spec), expected)).toBeLessThan(4 / 256);
    }
  });
});

describe('a network that was read', () => {
  it('has no transpositions left, and layers that can be compressed', () => {
    for (const format of numberFormats) {
      const graph = normalizeNetwork(tidy(readTflite(writeTflite(network(format)))));
      expect(graph.nodes.filter(({ op }) => op === 'Transpose')).toEqual([]);
      expect(findLayers(graph).length).toBe(3);
    }
  });

  it('takes several images at a time', async () => {
    const spec = network('float');
    const graph = tidy(readTflite(writeTflite(spec)));
    const one = realFeed(spec, graph);
    const two = f32([2, ...one.dims.slice(1)], [...one.data, ...Array.from(one.data, (v) => -v)]);
    const engine = await compile(graph, { threads: 1 });
    const outputs = await engine.run({ [graph.inputs[0]!.name]: two });
    await engine.release();
    const found = toNumbers(outputs[graph.outputs[0]!.name]!);
    expect(found.length).toBe(10);
    expect(largestDifference(found.slice(0, 5), results['network: float']!)).toBeLessThan(1e-5);
  });

  it('runs in the runtime as in ONNX Runtime', async () => {
    const spec = network('8 bits per filter');
    const graph = await readAnyModel(writeTflite(spec));
    const feed = realFeed(spec, graph);
    const session = await InferenceSession.create(writeModel(graph));
    const name = session.inputNames[0]!;
    const outputs = await session.run({ [name]: new Tensor('float32', feed.data, feed.dims) });
    await session.release();
    const found = Array.from(outputs[session.outputNames[0]!]!.data as Float32Array);
    expect(largestDifference(found, await run(graph, spec))).toBeLessThan(1e-5);
  });
});
