/** Random small graphs in the runtime, with its reference kernels: what the reference semantics compute. */

import fc from 'fast-check';
import { expect, it } from 'vitest';
import { evaluate, relativeError } from '../../../test/evaluate.ts';
import { buildRandom, feedsOf, recipes } from '../../../test/random-graph.ts';
import { TritbankError } from '../../ir/index.ts';
import { writeModel } from '../../onnx/index.ts';
import { normalizeNetwork } from '../../passes/index.ts';
import { InferenceSession, Tensor } from '../node.ts';

const feeds = feedsOf(1);

it('gives the same scores, of files as they are and normalised, or says what it cannot run', async () => {
  let ran = 0;
  const property = fc.asyncProperty(recipes(8), fc.boolean(), async (recipe, isNormalised) => {
    const graph = buildRandom({ ...recipe, returnsFeatures: false }, 1);
    const expected = evaluate(graph, feeds);
    if (isNormalised) normalizeNetwork(graph);
    const { dims, data } = feeds.x;
    try {
      const session = await InferenceSession.create(writeModel(graph), { kernels: 'reference' });
      const found = await session.run({ x: new Tensor('float32', data, dims) });
      expect(relativeError(found[session.outputNames[0]!]!.data as Float32Array, expected, 1e-3)).toBeLessThan(1e-4);
      ran++;
    } catch (error) {
      if (!(error instanceof TritbankError) || error.code !== 'E_UNSUPPORTED') throw error;
    }
  });
  await fc.assert(property, { numRuns: 120 });
  expect(ran).toBeGreaterThan(60);
});
