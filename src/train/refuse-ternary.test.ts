import { expect, it } from 'vitest';
import { exportOnnx } from '../export/index.ts';
import { f32, type Graph } from '../ir/index.ts';
import { buildNetwork } from '../models/index.ts';
import { inferShapes, normalizeNetwork } from '../passes/index.ts';
import { applyPlan, deploy, findLayers, makePlan, toFrozen } from '../quantize/index.ts';
import { refuseTernary } from './refuse-ternary.ts';

const network = () =>
  inferShapes(buildNetwork('ds-cnn', { width: 0.25, inputSize: 32, channels: 3, classes: 4, firstStride: 2, seed: 1 }));

function compressed(method: 'hybrid' | 'strassen' | 'twn'): Graph {
  const base = network();
  return deploy(toFrozen(applyPlan(base, makePlan(base, { method }), 1), new Map()), new Map());
}

it.each(['hybrid', 'strassen', 'twn'] as const)('%s networks are refused, packed ones too', async (method) => {
  const graph = compressed(method);
  const refusal = expect.objectContaining({ code: 'E_UNSUPPORTED' });
  expect(() => refuseTernary(graph)).toThrow(refusal);
  expect(() => refuseTernary(graph)).toThrow('expected an uncompressed network, found');
  const packed = await exportOnnx(graph);
  expect(() => refuseTernary(packed)).toThrow(refusal);
});

it('zeros and identities are no compression', () => {
  const graph = normalizeNetwork(network());
  const square = findLayers(graph).filter(({ kind }) => kind === 'pointwise');
  const size = square[0]!.filters;
  const identity = Float32Array.from({ length: size * size }, (_, k) => (k % (size + 1) === 0 ? 1 : 0));
  expect(size * size).toBeGreaterThan(64);
  square[0]!.weight.constant = f32([size, size, 1, 1], new Float32Array(size * size));
  square[1]!.weight.constant = f32([size, size, 1, 1], identity);
  expect(() => refuseTernary(graph)).not.toThrow();
});
