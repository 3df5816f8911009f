import { expect, it } from 'vitest';
import { evaluate, normal, relativeError } from '../../test/evaluate.ts';
import { f32, Graph } from '../ir/index.ts';
import { Builder } from '../ops/index.ts';
import { canonicalOpset } from '../ops/names.ts';
import { inferShapes } from '../passes/index.ts';
import { findLayers, weightRows } from './layers.ts';
import { orderFilters, traceFilters } from './order-filters.ts';
import { bankPlan } from './plan.ts';

/** y = trunk(x) gate(pool trunk(x)), pooled and classified: the filters of trunk and gate can only move together. */
function squeezeExcite(): Graph {
  const graph = new Graph('se', canonicalOpset);
  const b = new Builder(graph);
  const conv = (name: string, x: ReturnType<Builder['op']>, filters: number, inputs: number, seed: number) => {
    const data = Float32Array.from({ length: filters * inputs }, (_, i) => Math.sin(i * 1.7 + seed));
    const w = graph.initializer(`${name}_w`, f32([filters, inputs, 1, 1], data));
    return b.op('Conv', [x, w], {}, name);
  };
  const trunk = conv('trunk', graph.input('x', 'float32', [1, 3, 4, 4]), 4, 3, 0);
  const gate = conv('gate', b.op('Relu', [conv('squeeze', b.op('GlobalAveragePool', [trunk]), 2, 4, 1)]), 4, 2, 2);
  const scaled = b.op('Mul', [trunk, b.op('Sigmoid', [gate])]);
  graph.outputs = [conv('scores', b.op('GlobalAveragePool', [scaled]), 2, 4, 3)];
  return inferShapes(graph);
}

it('orders both banks of a squeeze-and-excite, with a Gather behind the branch', () => {
  const graph = squeezeExcite();
  const plan = { layers: { trunk: bankPlan(4, [3], 2), gate: bankPlan(4, [1, 2], 2) } };
  const ordered = orderFilters(graph, plan);
  const rowsOf = (g: Graph, name: string) => {
    const layer = findLayers(g).find((one) => one.name === name)!;
    const size = weightRows(layer).length / layer.filters;
    return Array.from({ length: layer.filters }, (_, i) => [...weightRows(layer).slice(i * size, (i + 1) * size)]);
  };
  // those in full precision first, each group in ascending order
  const trunk = rowsOf(graph, 'trunk');
  const gate = rowsOf(graph, 'gate');
  expect(rowsOf(ordered, 'trunk')).toEqual([3, 0, 1, 2].map((i) => trunk[i]));
  expect(rowsOf(ordered, 'gate')).toEqual([1, 2, 0, 3].map((i) => gate[i]));
  expect(ordered.nodes.filter((node) => node.op === 'Gather')).toHaveLength(1);
  expect(traceFilters(graph, plan).get('gate')?.rows).toEqual([1, 2, 0, 3]);
  const x = { x: normal(5, [1, 3, 4, 4]) };
  expect(relativeError(evaluate(ordered, x), evaluate(graph, x))).toBeLessThan(1e-6);
});
