/** Reductions: the elements of each group that shares its coordinates off the axes become one. */

import type { Node } from '../../ir/index.ts';
import { stridesOf } from '../arithmetic/dims.ts';
import { axisOf } from '../arithmetic/errors.ts';
import { reducedAxes } from '../shape/reduce.ts';
import { count, gridIndices, numbers, type ReferenceRule, result, tensorOf } from './arrays.ts';

/** The elements of input 0 by group, each group and the groups in row-major order. */
export function groupsAlong(node: Node, axes: readonly number[]): number[][] {
  const { dims } = tensorOf(node, 0);
  const kept = dims.map((d, i) => (axes.includes(i) ? 1 : d));
  const strides = stridesOf(kept).map((s, i) => (axes.includes(i) ? 0 : s));
  const group = gridIndices(dims.map(count), strides);
  const groups: number[][] = Array.from({ length: kept.reduce((n, d) => n * d, 1) }, () => []);
  for (const [i, v] of numbers(node, 0).entries()) groups[group[i]!]!.push(v);
  return groups;
}

/** A Reduce operator from what it does to one group. */
export function reduce(f: (group: readonly number[]) => number): ReferenceRule {
  return (node) => {
    const axes = reducedAxes(node, tensorOf(node, 0).dims.length);
    if (!axes) throw new Error(`internal: ${node.label} evaluated with unknown axes`);
    return [result(node, groupsAlong(node, axes).map(f))];
  };
}

export const sum = (group: readonly number[]): number => group.reduce((s, v) => s + v, 0);
export const sumSquare = (group: readonly number[]): number => group.reduce((s, v) => s + v * v, 0);
export const mean = (group: readonly number[]): number => sum(group) / group.length;
export const product = (group: readonly number[]): number => group.reduce((p, v) => p * v, 1);
export const max = (group: readonly number[]): number => group.reduce((m, v) => Math.max(m, v), -Infinity);
export const min = (group: readonly number[]): number => group.reduce((m, v) => Math.min(m, v), Infinity);

/** The first position of the maximum, or the last with `select_last_index`. */
export const argMax: ReferenceRule = (node) => {
  const axis = axisOf(node, node.int('axis', 0), tensorOf(node, 0).dims.length);
  const last = node.int('select_last_index', 0) === 1;
  const position = (group: readonly number[]) => (last ? group.lastIndexOf(max(group)) : group.indexOf(max(group)));
  return [result(node, groupsAlong(node, [axis]).map(position))];
};
