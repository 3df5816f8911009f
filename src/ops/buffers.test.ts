/** Every entry of the table of buffers against the operators' reference semantics. */

import { describe, expect, it, test } from 'vitest';
import { f32, Graph, i64, type Node, type Tensor, toNumbers } from '../ir/index.ts';
import { bufferUseOf } from './buffers.ts';
import { Builder } from './builder.ts';
import { opTypes } from './names.ts';
import { evaluateNode } from './reference.ts';
import { inferNode } from './shape.ts';

const use = (op: string, domain = '') => bufferUseOf(new Graph('test').add(op, [], {}, { domain }));
const withUse = (wanted: string) => opTypes.filter((op) => use(op) === wanted);

function makeNode(op: string, operands: readonly Tensor[]): Node {
  const graph = new Graph('test');
  const values = operands.map((tensor, i) => graph.initializer(`c${i}`, tensor));
  const node = graph.add(op, values, op === 'Cast' ? { to: { kind: 'int', value: 1 } } : {});
  inferNode(node);
  return node;
}

const evaluate = (op: string, operands: readonly Tensor[]) =>
  toNumbers(evaluateNode(makeNode(op, operands), operands)[0]!);

describe('views', () => {
  const shapes: Record<string, Tensor> = { Reshape: i64([3, 2]), Squeeze: i64([0]), Unsqueeze: i64([1]) };
  const x = f32([1, 2, 3], [1, 2, 3, 4, 5, 6]);
  it.each(withUse('view'))('%s keeps the elements and their order', (op) => {
    expect(evaluate(op, shapes[op] ? [x, shapes[op]] : [x])).toEqual([1, 2, 3, 4, 5, 6]);
  });
});

describe('in place', () => {
  const unary = [
    'Abs',
    'Cast',
    'Ceil',
    'Celu',
    'Clip',
    'Elu',
    'Erf',
    'Exp',
    'Floor',
    'Gelu',
    'HardSigmoid',
    'HardSwish',
    'LeakyRelu',
  ];
  unary.push(
    'Log',
    'Mish',
    'Neg',
    'Not',
    'Reciprocal',
    'Relu',
    'Round',
    'Selu',
    'Sigmoid',
    'Sign',
    'Softplus',
    'Softsign',
    'Sqrt',
    'Tanh',
  );
  const logic = ['And', 'Not', 'Or', 'Xor'];
  const operands = (op: string) => (unary.includes(op) ? 1 : op === 'Where' ? 3 : 2);

  /** Operands of 2 x 3 elements, in which element `changed` has another value than with -1. */
  function operandsOf(op: string, changed: number): Tensor[] {
    const channels = [1, 2, 3, 4].map((n) => f32([3], [n, n / 2, n / 3]));
    const x = (slot: number) => Array.from({ length: 6 }, (_, i) => 0.3 + ((i * 7 + slot * 3) % 5) / 4);
    const floats = (slot: number) =>
      f32(
        [2, 3],
        x(slot).map((v, i) => (i === changed ? v + 0.37 : v)),
      );
    if (op === 'BatchNormalization') return [floats(0), ...channels];
    return Array.from({ length: operands(op) }, (_, slot) => {
      if (!logic.includes(op) && !(op === 'Where' && slot === 0)) return floats(slot);
      const data = Uint8Array.from(x(slot), (_, i) => (i + slot + Number(i === changed)) % 2);
      return { dtype: 'bool', dims: [2, 3], data };
    });
  }

  it.each(withUse('in-place'))('%s reads no element but the one that it overwrites', (op) => {
    const before = evaluate(op, operandsOf(op, -1));
    expect(before).toHaveLength(6);
    for (let i = 0; i < 6; i++) {
      const after = evaluate(op, operandsOf(op, i));
      expect(after.filter((_, j) => j !== i)).toEqual(before.filter((_, j) => j !== i));
    }
  });
});

test('only concatenations gather', () => {
  expect(withUse('gather')).toEqual(['Concat']);
});

test('operators that read other elements, or copy, take fresh memory', () => {
  for (const op of ['Conv', 'MatMul', 'Softmax', 'Transpose', 'Slice', 'Split', 'MaxPool', 'Gather', 'ScatterND']) {
    expect(use(op)).toBe('fresh');
  }
});

test('operators outside the table and markers take fresh memory', () => {
  expect(use('Mystery')).toBe('fresh');
  expect(use('Relu', 'com.example')).toBe('fresh');
  const graph = new Graph('test');
  const b = new Builder(graph);
  const x = graph.input('x', 'float32', [2]);
  expect(bufferUseOf(b.straightThrough(x, b.relu(x)).producer!)).toBe('fresh');
});
