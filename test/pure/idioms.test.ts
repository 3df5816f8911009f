/** What exporters write, in each of its forms, through the stages of a compression: banks that compute nearly the same. */

import { expect, it } from 'vitest';
import { requireCandidates } from '../../src/compress/candidates.ts';
import { buildBanks } from '../../src/compress/index.ts';
import { type Graph, TritbankError, verify } from '../../src/ir/index.ts';
import { writeModel } from '../../src/onnx/index.ts';
import { freeBatch, normalizeNetwork } from '../../src/passes/index.ts';
import { deploy, findBanks, makePlan, toFrozen } from '../../src/quantize/index.ts';
import { InferenceSession, Tensor } from '../../src/runtime/node.ts';
import { evaluate, relativeError } from '../evaluate.ts';
import { idiomInput, idioms } from '../fixtures/idioms.ts';

const feeds = { input: idiomInput };

/** Two images, the second one with the signs of the first one's pixels turned. */
const pair = {
  input: {
    ...idiomInput,
    dims: [2, ...idiomInput.dims.slice(1)],
    data: Float32Array.from([...idiomInput.data, ...idiomInput.data.map((v) => -v)]),
  },
};

/** The last filters of each bank stay, so that all banks change the order of theirs. */
const sensitivityOf = (graph: Graph) =>
  Object.fromEntries(
    requireCandidates(graph).map(({ name, filters }) => [name, Array.from({ length: filters }, (_, f) => f)]),
  );

it.each([...idioms])('%s', async (_, build) => {
  const graph = normalizeNetwork(build());
  const expected = evaluate(build(), feeds);
  expect(relativeError(evaluate(graph, feeds), expected)).toBeLessThan(1e-6);
  expect(freeBatch(graph)).toBe(true);
  expect(evaluate(graph, pair).slice(0, 5)).toEqual(evaluate(graph, feeds));

  const sensitivity = sensitivityOf(graph);
  // a classifier has no more hidden units than inputs, so that it stays far from exact
  const candidates = requireCandidates(graph);
  const layers = candidates.filter(({ kind }) => kind !== 'classifier').map(({ name }) => name);
  expect(layers.length).toBe(candidates.length - 1);
  expect(layers.length).toBeGreaterThanOrEqual(2);
  const plan = makePlan(graph, { method: 'hybrid', alpha: 0.5, widthRatio: 8, layers, sensitivity });
  const { network, initial } = await buildBanks(graph, plan, { seed: 1, threads: 0 });
  expect(relativeError(evaluate(network.base, feeds), expected)).toBeLessThan(1e-6);
  const deployed = verify(deploy(toFrozen(network, initial), new Map()));
  expect(findBanks(deployed)).toHaveLength(layers.length);
  const found = evaluate(deployed, feeds);
  expect(relativeError(found, expected)).toBeLessThan(0.01);

  try {
    const session = await InferenceSession.create(writeModel(deployed), { kernels: 'reference' });
    const results = await session.run({ input: new Tensor('float32', idiomInput.data, idiomInput.dims) });
    const scores = results[session.outputNames[0]!]!.data as Float32Array;
    expect(relativeError(scores, found)).toBeLessThan(1e-4);
  } catch (error) {
    // operators that the runtime does not have
    if (!(error instanceof TritbankError) || error.code !== 'E_UNSUPPORTED') throw error;
  }
});
