/** Every rewrite, on random small graphs: the same outputs, names and shapes before and after, and nothing left to do. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { evaluate, relativeError } from '../../test/evaluate.ts';
import { buildRandom, type MoveKind, randomFeeds, recipes } from '../../test/random-graph.ts';
import { type Graph, Random, verify } from '../ir/index.ts';
import {
  eliminateCommon,
  foldBatchNorm,
  foldConstants,
  inferShapes,
  insertBatchNorm,
  Linear,
  moveScales,
  normalizeNetwork,
  permuteFilters,
  removeDead,
  settleTernary,
} from './index.ts';
import { writePads } from './normalize/explicit-pads.ts';
import { foldChannelOps } from './normalize/fold-channel-ops.ts';
import { foldPads } from './normalize/fold-pads.ts';
import { liftProducts } from './normalize/lift-products.ts';
import { removeIdentity } from './normalize/remove-identity.ts';
import { sinkTransposes } from './normalize/sink-transposes.ts';
import { unifyClips } from './normalize/unify-clips.ts';
import { unifyGemms } from './normalize/unify-gemms.ts';
import { unifyPools } from './normalize/unify-pools.ts';
import { keepOutputNames } from './replace.ts';

/** All outputs, each by itself. */
function outputsOf(graph: Graph): number[][] {
  return graph.outputs.map((_, i) => {
    const copy = graph.clone();
    copy.outputs = [copy.outputs[i]!];
    return evaluate(copy, randomFeeds);
  });
}

/** Sizes of outputs below this are rounding of what was larger on the way. */
const floor = 1e-3;

/** `named: false` for rewrites whose callers give the outputs their names back. */
function keepsOutputs(graph: Graph, rewrite: (graph: Graph) => void, named = true): void {
  const expected = outputsOf(graph);
  const interfaceOf = () => graph.outputs.map(({ name, type }) => ({ ...(named && { name }), type }));
  const before = interfaceOf();
  rewrite(graph);
  const errors = outputsOf(inferShapes(verify(graph))).map((found, i) => relativeError(found, expected[i]!, floor));
  expect(Math.max(...errors)).toBeLessThan(1e-4);
  expect(interfaceOf()).toEqual(before);
}

const ternaryKinds: readonly MoveKind[] = [
  ...(['ternary1', 'scaledTernary', 'conv1', 'conv3', 'depthwise', 'relu', 'relu6', 'concat', 'split'] as const),
  ...(['mulConstant', 'addConstant', 'batchNorm', 'maxPool', 'averagePool', 'addOther', 'gate'] as const),
];

interface Pass {
  readonly rewrite: (graph: Graph) => unknown;
  readonly kinds?: readonly MoveKind[];
  readonly named?: false;
}

const passes: Readonly<Record<string, Pass>> = {
  eliminateCommon: { rewrite: eliminateCommon },
  foldBatchNorm: { rewrite: foldBatchNorm, named: false },
  foldConstants: { rewrite: foldConstants },
  removeDead: { rewrite: removeDead },
  writePads: { rewrite: writePads },
  foldPads: { rewrite: foldPads },
  foldChannelOps: { rewrite: foldChannelOps },
  removeIdentity: { rewrite: removeIdentity },
  sinkTransposes: { rewrite: sinkTransposes },
  unifyClips: { rewrite: unifyClips },
  unifyGemms: { rewrite: unifyGemms },
  unifyPools: { rewrite: unifyPools },
  liftProducts: { rewrite: liftProducts },
  settleTernary: { rewrite: settleTernary, kinds: ternaryKinds, named: false },
  moveScales: { rewrite: moveScales, kinds: ternaryKinds, named: false },
};

describe.each(Object.entries(passes))('%s', (_, { rewrite, kinds, named }) => {
  it('keeps what is computed, and has nothing left to do', () => {
    const property = fc.property(recipes(8, kinds), (recipe) => {
      const graph = inferShapes(buildRandom(recipe));
      keepsOutputs(graph, rewrite, named);
      expect(rewrite(graph) === true).toBe(false);
    });
    fc.assert(property, { numRuns: 60 });
  });
});

it('normalizeNetwork keeps what is computed, and has nothing left to do', () => {
  const property = fc.property(recipes(10), fc.constantFrom('fold' as const, 'keep' as const), (recipe, batchNorms) => {
    const graph = inferShapes(buildRandom(recipe));
    keepsOutputs(graph, (g) => normalizeNetwork(g, { batchNorms }));
    const nodes = graph.nodes.length;
    normalizeNetwork(graph, { batchNorms });
    expect(graph.nodes.length).toBe(nodes);
  });
  fc.assert(property, { numRuns: 150 });
});

it('insertBatchNorm keeps what is computed', () => {
  const property = fc.property(recipes(8), fc.constantFrom('batch-norm' as const, 'scale' as const), (recipe, form) => {
    keepsOutputs(inferShapes(buildRandom(recipe)), (graph) => insertBatchNorm(graph, { form }));
  });
  fc.assert(property, { numRuns: 60 });
});

it('settling ternary layers and then moving their scales keeps what is computed', () => {
  const property = fc.property(recipes(10, ternaryKinds), (recipe) => {
    keepsOutputs(inferShapes(buildRandom(recipe)), (graph) => {
      keepOutputNames(graph, () => {
        foldBatchNorm(graph);
        settleTernary(graph);
        moveScales(graph);
        removeDead(graph);
      });
    });
  });
  fc.assert(property, { numRuns: 100 });
});

it('filters of any layers in any order compute the same', () => {
  const property = fc.property(recipes(10), fc.nat(), (recipe, seed) => {
    const graph = normalizeNetwork(buildRandom(recipe));
    const names = graph.nodes.filter((node) => Linear.of(node) && node.int('group', 1) === 1).map(({ name }) => name);
    keepsOutputs(graph, () => {
      for (const [i, name] of names.entries()) {
        const node = graph.nodes.find((one) => one.name === name)!;
        const random = new Random(seed, name);
        const order = Array.from({ length: node.output().shape[1] as number }, (_, k) => k);
        for (let k = order.length - 1; k > 0; k--) {
          const j = random.int(k + 1);
          [order[k], order[j]] = [order[j]!, order[k]!];
        }
        if (i % 3 !== 2) permuteFilters(graph, node, order);
        inferShapes(graph);
      }
    });
  });
  fc.assert(property, { numRuns: 150 });
});
