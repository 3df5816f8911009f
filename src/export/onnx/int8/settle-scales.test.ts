/** Scales with which machines of integers give what a runtime gives: `findAverageMultiplier` says where they do. */

import { expect, it } from 'vitest';
import { findAverageMultiplier } from '../../../accelerator/index.ts';
import { Graph, ints } from '../../../ir/index.ts';
import { Builder } from '../../../ops/index.ts';
import { inferShapes } from '../../../passes/index.ts';
import type { TensorPlan } from './ranges.ts';
import { settleScales } from './settle-scales.ts';

function poolOf(
  op: 'AveragePool' | 'GlobalAveragePool',
  attributes: Readonly<Record<string, readonly number[]>>,
  size: number,
) {
  const graph = new Graph('net', 20);
  const b = new Builder(graph);
  const x = graph.input('x', 'float32', ['N', 2, size, size]);
  const given = Object.fromEntries(Object.entries(attributes).map(([name, values]) => [name, ints(values)]));
  const y = b.op(op, [x], given);
  graph.outputs = [y];
  return { graph: inferShapes(graph), y: y.name };
}

/** Of an input at about 62 / 17 times the scale of the average: sums of 196 pixels lie between two integers, to the bit. */
const levels = { x: 3.6470589637756348 / 64, y: 1 / 64 };
const plansOf = (y: string) =>
  new Map<string, TensorPlan>([
    ['x', { levels: { scale: levels.x, zero: 0 } }],
    [y, { levels: { scale: levels.y, zero: 0 } }],
  ]);
const multiplierOf = (scale: number) => ({
  multiplier: Math.fround(levels.x / scale),
  ...{ inputZeroPoint: -128, zeroPoint: -128 },
});

it.each([
  ['a whole image', 'GlobalAveragePool', {}, 14],
  ['windows', 'AveragePool', { kernel_shape: [14, 14] }, 16],
] satisfies [string, Parameters<typeof poolOf>[0], Parameters<typeof poolOf>[1], number][])(
  'scales up the average of %s until one multiplication gives it',
  (_, op, attributes, size) => {
    const { graph, y } = poolOf(op, attributes, size);
    expect(findAverageMultiplier(multiplierOf(levels.y), 196, 24)).toBeUndefined();
    const plans = plansOf(y);
    settleScales(graph, plans);
    const { scale, zero } = plans.get(y)!.levels;
    expect(findAverageMultiplier(multiplierOf(scale), 196, 24)).toBeDefined();
    expect(zero).toBe(0);
    expect(scale / levels.y).toBeGreaterThan(1);
    expect(scale / levels.y).toBeLessThan(1.01);
    expect(plans.get('x')).toEqual(plansOf(y).get('x'));
  },
);

it('leaves averages of padded windows, and those of other sizes that are given as they are', () => {
  const padded = poolOf('AveragePool', { kernel_shape: [14, 14], pads: [1, 1, 1, 1] }, 16);
  const small = poolOf('GlobalAveragePool', {}, 4);
  for (const { graph, y } of [padded, small]) {
    const plans = plansOf(y);
    settleScales(graph, plans);
    expect(plans).toEqual(plansOf(y));
  }
});
