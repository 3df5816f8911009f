/** Operators whose result does not take an operand's elements. */

import { elementCount, i64 } from '../../ir/index.ts';
import { constantTensor, fillOf } from '../shape/create.ts';
import { count, numbers, type ReferenceRule, result, take, tensorOf } from './arrays.ts';

export const constant: ReferenceRule = (node) => [constantTensor(node)];

export const constantOfShape: ReferenceRule = (node) => {
  const { dims } = node.output();
  return [take(fillOf(node), dims, new Array<number>(elementCount(dims)).fill(0))];
};

export const range: ReferenceRule = (node) => {
  const [start, delta] = [numbers(node, 0)[0]!, numbers(node, 2)[0]!];
  return [
    result(
      node,
      count(node.output().dims[0]!).map((i) => start + i * delta),
    ),
  ];
};

export const shape: ReferenceRule = (node) => [
  i64(tensorOf(node, 0).dims.slice(node.int('start', 0), node.has('end') ? node.int('end') : undefined)),
];
