/** Operands that do not fit. What fits is compared with ONNX Runtime in `test/ort/evaluate.test.ts`. */

import { expect, it } from 'vitest';
import { type Attributes, Graph, i64, int, ints, type Tensor, TritbankError } from '../../ir/index.ts';
import { type EvaluatedOp, evaluateConstants } from './evaluate.ts';
import { fromNumbers } from './numbers.ts';

const x = fromNumbers('float32', [2, 3], [1, 2, 3, 4, 5, 6]);
it.each<[op: EvaluatedOp, code: string, inputs: Tensor[], attributes?: Attributes]>([
  ['Add', 'E_SHAPE', [x, fromNumbers('float32', [4], [1, 2, 3, 4])]],
  ['Add', 'E_SHAPE', [x, i64([1])]],
  ['Sub', 'E_SHAPE', [x]],
  ['Max', 'E_SHAPE', []],
  ['PRelu', 'E_SHAPE', [i64([1]), i64([1, 2])]],
  ['Concat', 'E_SHAPE', [x, i64([1])], { axis: int(0) }],
  ['Reshape', 'E_SHAPE', [x, i64([4, -1])]],
  ['Reshape', 'E_SHAPE', [x, i64([-1, -1])]],
  ['Reshape', 'E_SHAPE', [x, i64([2, 3, 0])]],
  ['Reshape', 'E_SHAPE', [x]],
  ['Gather', 'E_SHAPE', [x, i64([2])]],
  ['Gather', 'E_SHAPE', [x, i64([2 ** 32 + 1])]],
  ['Transpose', 'E_SHAPE', [x], { perm: ints([0, 0]) }],
  ['Squeeze', 'E_SHAPE', [x, i64([1])]],
  ['Unsqueeze', 'E_SHAPE', [x, i64([0, 0])]],
  ['Slice', 'E_SHAPE', [x, i64([0]), i64([1]), i64([0]), i64([0])]],
  ['Slice', 'E_SHAPE', [x, i64([0]), i64([1]), i64([])]],
  ['Split', 'E_SHAPE', [x, i64([1, 2])]],
  ['Expand', 'E_SHAPE', [x, i64([2, 2])]],
  ['DequantizeLinear', 'E_SHAPE', [x, fromNumbers('float32', [2], [1, 2])], { axis: int(1) }],
  ['DequantizeLinear', 'E_UNSUPPORTED', [x, fromNumbers('float32', [], [1])], { block_size: int(2) }],
  ['Dropout', 'E_UNSUPPORTED', [x, fromNumbers('float32', [], [0.5]), fromNumbers('bool', [], [1])]],
  ['Cast', 'E_UNSUPPORTED', [x], { to: int(8) }],
  ['ConstantOfShape', 'E_LIMIT', [i64([2 ** 20, 2 ** 20])]],
  ['Expand', 'E_LIMIT', [x, i64([2 ** 30, 1, 1])]],
  ['Range', 'E_SHAPE', [i64([0], []), i64([1], []), i64([0], [])]],
  ['Transpose', 'E_UNSUPPORTED', [{ dtype: 'string', dims: [1], data: ['a'] }]],
])('%s is %s %#', (op, code, inputs, attributes = {}) => {
  const graph = new Graph();
  const node = graph.add(op, [], attributes, { name: 'n', outputs: op === 'Split' ? 2 : 1 });
  const message = expect.stringMatching(/^node 'n' \(\w+\): expected .+, found/);
  expect(() => evaluateConstants(node, inputs)).toThrow(TritbankError);
  expect(() => evaluateConstants(node, inputs)).toThrow(expect.objectContaining({ code, message }));
});
