import { expect, it } from 'vitest';
import { Graph } from '../../ir/index.ts';
import { inferNode } from '../shape.ts';

function typeBehind(op: string, declared?: readonly (number | string)[]) {
  const graph = new Graph('g');
  const node = graph.add(op, [graph.input('x', 'float32', ['N', 3, 5, 6])]);
  if (declared) node.output().type = { dtype: 'float32', shape: declared };
  inferNode(node);
  return node.output().type?.shape;
}

it('knows the shapes behind operators that keep them', () => {
  expect(typeBehind('Hardmax')).toEqual(['N', 3, 5, 6]);
  expect(typeBehind('NonZero')).toBeUndefined();
});

it('keeps what a file declares behind an operator that is not known', () => {
  expect(typeBehind('Unknown', ['N', 3, 9, 9])).toEqual(['N', 3, 9, 9]);
});
