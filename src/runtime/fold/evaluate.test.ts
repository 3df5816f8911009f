/** What constants fold to, against the reference semantics of the training side. */

import { describe, expect, it } from 'vitest';
import { type Attributes, f32, Graph, i64, int, ints, type Tensor, toNumbers } from '../../ir/index.ts';
import { evaluateNode } from '../../ops/reference.ts';
import { evaluators } from './evaluate.ts';

const x = f32(
  [2, 3, 4],
  Array.from({ length: 24 }, (_, i) => i / 3 - 3.1),
);
const bytes: Tensor = { dtype: 'int8', dims: [2, 3], data: Int8Array.of(-128, 5, 0, 127, -1, 64) };

const cases: [op: string, inputs: Tensor[], attributes?: Attributes][] = [
  ['Add', [x, f32([3, 1], [1, 2, 3])]],
  ['Sub', [x, f32([4], [1, 2, 3, 4])]],
  ['Mul', [x, f32([], [2])]],
  ['Div', [i64([7, -7]), i64([2, 2])]],
  ['Max', [x, f32([], [0.5])]],
  ['Cast', [f32([3], [1.7, -1.7, 300.2])], { to: int(6) }],
  ['Clip', [x, f32([], [-1]), f32([], [2])]],
  ['Concat', [x, x], { axis: int(-1) }],
  ['Concat', [x, x], { axis: int(0) }],
  ['DequantizeLinear', [bytes, f32([2], [0.5, 2])], { axis: int(0) }],
  ['DequantizeLinear', [bytes, f32([], [0.5]), { dtype: 'int8', dims: [], data: Int8Array.of(3) }]],
  ['Expand', [f32([3, 1], [1, 2, 3]), i64([2, 1, 2])]],
  ['Flatten', [x], { axis: int(2) }],
  ['Gather', [x, i64([1, -1, 0])], { axis: int(1) }],
  ['Gather', [x, i64([0])], { axis: int(2) }],
  ['Reshape', [x, i64([0, -1])]],
  ['Slice', [x, i64([2, -1]), i64([0, -5]), i64([1, 2]), i64([-1, -2])]],
  ['Slice', [x, i64([1]), i64([2 ** 40]), i64([0])]],
  ['Squeeze', [f32([1, 2, 1], [1, 2]), i64([-1])]],
  ['Transpose', [x], { perm: ints([2, 0, 1]) }],
  ['Transpose', [x]],
  ['Unsqueeze', [x, i64([0, -1])]],
  ['Where', [{ dtype: 'bool', dims: [3, 1], data: Uint8Array.of(1, 0, 1) }, x, f32([], [9])]],
];

describe('constants', () => {
  it.each(cases)('%s %#', (op, inputs, attributes = {}) => {
    const graph = new Graph();
    const values = inputs.map((tensor) => graph.initializer('c', tensor));
    const node = graph.add(op, values, attributes);
    const [expected] = evaluateNode(node, inputs);
    const found = evaluators[op]!(node, inputs);
    expect([found.dtype, found.dims]).toEqual([expected!.dtype, expected!.dims]);
    for (const [i, v] of toNumbers(expected!).entries()) expect(toNumbers(found)[i]).toBeCloseTo(v, 5);
  });

  it('refuses what does not fit', () => {
    const graph = new Graph();
    const evaluate = (op: string, inputs: Tensor[], attributes: Attributes = {}) => {
      const node = graph.add(
        op,
        inputs.map((tensor) => graph.initializer('c', tensor)),
        attributes,
        { name: 'n' },
      );
      return () => evaluators[op]!(node, inputs);
    };
    const shape = expect.objectContaining({ code: 'E_SHAPE' });
    expect(evaluate('Add', [x, f32([5])])).toThrow(shape);
    expect(evaluate('Reshape', [x, i64([5, -1])])).toThrow(shape);
    expect(evaluate('Gather', [x, i64([2])])).toThrow(shape);
    expect(evaluate('Transpose', [x], { perm: ints([0, 0, 1]) })).toThrow(shape);
    expect(evaluate('Squeeze', [x, i64([1])])).toThrow(shape);
    const huge = expect.objectContaining({ code: 'E_UNSUPPORTED' });
    expect(evaluate('ConstantOfShape', [i64([2 ** 20, 2 ** 20])])).toThrow(huge);
    expect(evaluate('Expand', [x, i64([2 ** 30, 1, 1, 1])])).toThrow(huge);
  });
});
