/**
 * GroupNormalization: groups are normalised as the channels of an InstanceNormalization are, which other operator sets
 * have, too. Up to opset 20 it has a scale and a bias for each group, since then for each channel.
 */

import { f32, float, i64, type Node, type Value } from '../ir/index.ts';
import { constantFor, guessRank, insertBefore, replaceNode } from './rewrite.ts';

export const normalizeGroups = (per: 'group' | 'channel') => (node: Node) => {
  const [x, scale, bias] = [node.input(0), node.input(1), node.input(2)];
  const groups = node.int('num_groups');
  const add = (op: string, inputs: readonly Value[]) => insertBefore(node, op, inputs).output();
  const epsilon = float(node.float('epsilon', 1e-5));
  const grouped = add('Reshape', [x, constantFor(node, 'groups', i64([0, groups, -1]))]);
  const own = per === 'group' ? [scale, bias] : neutral(node, groups);
  const normal = insertBefore(node, 'InstanceNormalization', [grouped, ...own], { epsilon }).output();
  const restored = add('Reshape', [normal, add('Shape', [x])]);
  if (per === 'group') return replaceNode(node, [restored]);
  const rank = guessRank(x) ?? guessRank(node.output()) ?? 4;
  const axes = constantFor(node, 'axes', i64(Array.from({ length: rank - 2 }, (_, i) => i + 1)));
  const [scales, biases] = [scale, bias].map((value) => add('Unsqueeze', [value, axes])) as [Value, Value];
  return replaceNode(node, [add('Add', [add('Mul', [restored, scales]), biases])]);
};

function neutral(node: Node, groups: number): [Value, Value] {
  const ones = f32([groups], new Array<number>(groups).fill(1));
  return [constantFor(node, 'ones', ones), constantFor(node, 'zeros', f32([groups]))];
}
