/** What the 8-bit export rewrites before it rounds anything, on random small graphs: outputs stay the same. */

import fc from 'fast-check';
import { expect, it } from 'vitest';
import { evaluate, relativeError } from '../../../../test/evaluate.ts';
import { buildRandom, randomFeeds, recipes } from '../../../../test/random-graph.ts';
import { verify } from '../../../ir/index.ts';
import { inferShapes, normalizeNetwork } from '../../../passes/index.ts';
import { keepOutputNames } from '../../../passes/replace.ts';
import { absorbProducts } from './absorb.ts';
import { flattenHead } from './flatten-head.ts';
import { RowScales } from './row-scales.ts';

it('products go into the layers before them, and classifiers become Gemms, with the same scores', () => {
  const property = fc.property(recipes(10), (recipe) => {
    const graph = normalizeNetwork(buildRandom(recipe));
    const names = graph.outputs.map(({ name }) => name);
    const expected = evaluate(graph, randomFeeds);
    const rows = new RowScales(graph);
    keepOutputNames(graph, () => absorbProducts(graph, rows));
    flattenHead(graph, rows);
    expect(relativeError(evaluate(inferShapes(verify(graph)), randomFeeds), expected, 1e-3)).toBeLessThan(1e-4);
    expect(graph.outputs.map(({ name }) => name)).toEqual(names);
  });
  fc.assert(property, { numRuns: 150 });
});
