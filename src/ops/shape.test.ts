import { describe, expect, test } from 'vitest';
import {
  type Attributes,
  f32,
  Graph,
  i64,
  int,
  ints,
  printType,
  type Shape,
  str,
  type Tensor,
  tensorAttribute,
} from '../ir/index.ts';
import { Builder } from './builder.ts';
import { inferNode } from './shape.ts';

/** The output types of one node over float32 inputs of these shapes and constants. */
function infer(
  op: string,
  operands: readonly (Shape | Tensor | undefined)[],
  attributes: Attributes = {},
  outputs = 1,
) {
  const graph = new Graph('test', 20);
  const values = operands.map((operand, i) => {
    if (!operand) return undefined;
    return 'dtype' in operand ? graph.initializer(`c${i}`, operand) : graph.input(`x${i}`, 'float32', operand);
  });
  const node = graph.add(op, values, attributes, { name: 'y', outputs });
  inferNode(node);
  return node.outputs.map((o) => printType(o?.type)).join(' ');
}

describe('a symbolic batch', () => {
  const image = ['N', 8, 16, 16];
  test.each([
    ['Conv', [image, [4, 8, 3, 3]], { pads: ints([1, 1, 1, 1]), strides: ints([2, 2]) }, 'float32[N, 4, 8, 8]'],
    [
      'Conv',
      [
        ['N', 8, 'H', 'W'],
        [4, 8, 3, 3],
      ],
      { pads: ints([1, 1, 1, 0]) },
      'float32[N, 4, H, y_d3]',
    ],
    [
      'Conv',
      [
        ['N', 8, 'H', 16],
        [4, 8, 3, 3],
      ],
      { auto_pad: str('SAME_UPPER') },
      'float32[N, 4, H, 16]',
    ],
    ['AveragePool', [image], { kernel_shape: ints([2, 2]), strides: ints([2, 2]) }, 'float32[N, 8, 8, 8]'],
    ['GlobalAveragePool', [image], {}, 'float32[N, 8, 1, 1]'],
    ['Flatten', [image], {}, 'float32[N, 2048]'],
    ['Flatten', [image], { axis: int(2) }, 'float32[8*N, 256]'],
    ['Reshape', [image, i64([0, -1])], {}, 'float32[N, 2048]'],
    ['Reshape', [image, i64([-1, 2048])], {}, 'float32[N, 2048]'],
    ['Reshape', [image, i64([-1, 16])], {}, 'float32[128*N, 16]'],
    ['Reshape', [['128*N', 16], i64([-1, 8, 16, 16])], {}, 'float32[N, 8, 16, 16]'],
    ['Reshape', [image, i64([-1, 3])], {}, 'float32[y_d0, 3]'],
    ['Reshape', [image, i64([4, 2048])], {}, 'float32[4, 2048]'],
    ['Add', [image, [8, 1, 1]], {}, 'float32[N, 8, 16, 16]'],
    [
      'Add',
      [
        ['N', 1],
        [1, 'M'],
      ],
      {},
      'float32[N, M]',
    ],
    ['Gemm', [['N', 32], [10, 32], [10]], { transB: int(1) }, 'float32[N, 10]'],
    [
      'MatMul',
      [
        ['N', 1, 3, 4],
        [5, 4, 2],
      ],
      {},
      'float32[N, 5, 3, 2]',
    ],
    [
      'Concat',
      [
        ['N', 3],
        ['N', 5],
      ],
      { axis: int(1) },
      'float32[N, 8]',
    ],
    [
      'Concat',
      [
        ['N', 3],
        ['N', 3],
      ],
      { axis: int(0) },
      'float32[2*N, 3]',
    ],
    ['Slice', [image, i64([0, 2]), i64([2 ** 40, 4])], {}, 'float32[N, 2, 16, 16]'],
    ['Slice', [image, i64([1]), i64([9])], {}, 'float32[y_d0, 8, 16, 16]'],
    ['Pad', [image, i64([0, 0, 1, 1, 0, 0, 1, 1])], {}, 'float32[N, 8, 18, 18]'],
    ['ReduceMean', [image, i64([2, 3])], { keepdims: int(0) }, 'float32[N, 8]'],
    ['Transpose', [image], { perm: ints([1, 0, 2, 3]) }, 'float32[8, N, 16, 16]'],
    ['Tile', [['N', 3], i64([4, 1])], {}, 'float32[4*N, 3]'],
  ] as [string, (Shape | Tensor)[], Attributes, string][])('case %#: %s', (op, operands, attributes, expected) => {
    expect(infer(op, operands, attributes)).toBe(expected);
  });

  test('is split evenly or not at all', () => {
    expect(infer('Split', [['4*N', 3]], {}, 2)).toBe('float32[2*N, 3] float32[2*N, 3]');
    expect(infer('Split', [['N', 3]], {}, 2)).toBe('float32[y_d0, 3] float32[y_out1_d0, 3]');
  });
});

describe('shapes computed by the graph', () => {
  /** A graph input and a builder over it. */
  function start(shape: Shape) {
    const graph = new Graph('test', 20);
    return { b: new Builder(graph), x: graph.input('x', 'float32', shape) };
  }

  test("PyTorch's view(x.size(0), -1)", () => {
    const { b, x } = start(['N', 8, 4, 4]);
    const index = b.constant('index', i64([0], []));
    const batch = b.op('Unsqueeze', [b.op('Gather', [b.op('Shape', [x]), index]), b.i64([0])]);
    const flat = b.op('Reshape', [x, b.concat([batch, b.i64([-1])], 0)]);
    expect(flat.shape).toEqual(['N', 128]);
  });

  test('channel shuffle: arithmetic on sizes', () => {
    const { b, x } = start(['N', 8, 'H', 'W']);
    const size = (axis: number) => b.op('Gather', [b.op('Shape', [x]), b.i64([axis])]);
    const half = b.op('Div', [size(1), b.i64([2])]);
    const shuffled = b.op('Reshape', [x, b.concat([size(0), b.i64([2]), half, size(2), size(3)], 0)]);
    expect(shuffled.shape).toEqual(['N', 2, 4, 'H', 'W']);
    const back = b.op('Reshape', [b.transpose(shuffled, [0, 2, 1, 3, 4]), b.i64([0, -1, 4, 4])]);
    expect(back.shape).toEqual(['N', 'reshape_1_d1', 4, 4]);
    expect(b.op('Reshape', [shuffled, b.op('Shape', [x])]).shape).toEqual(['N', 8, 'H', 'W']);
  });

  test("PyTorch's expand(-1, 3): Where over Equal", () => {
    const { b, x } = start(['N', 1]);
    const wanted = b.concat([b.op('Shape', [x], { end: int(1) }), b.i64([3])], 0);
    const ones = b.op('ConstantOfShape', [b.i64([2])], { value: tensorAttribute(i64([1])) });
    const minus = b.mul(ones, b.i64([-1]));
    const shape = b.where(b.op('Equal', [wanted, minus]), ones, wanted);
    expect(b.op('Expand', [x, shape]).shape).toEqual(['N', 3]);
  });

  test('a shape unknown until run time still has its rank', () => {
    const { b, x } = start(['N', 8]);
    const shape = b.graph.input('shape', 'int64', [3]);
    expect(b.op('Reshape', [x, shape]).shape).toEqual(['reshape_d0', 'reshape_d1', 'reshape_d2']);
  });
});

describe('operands that cannot fit', () => {
  const image = [1, 8, 4, 4];
  test.each([
    ['Conv', [image, [4, 4, 1, 1]], {}, 'expected input channels 8 = weight channels 4 x group 1'],
    ['Conv', [image, [4, 8, 5, 5]], {}, 'expected a window of at most 4 elements, found 5'],
    ['Conv', [image, [4, 8, 1, 1], [3]], {}, 'expected a bias [4], found [3]'],
    [
      'Conv',
      [image, [3, 4, 1, 1]],
      { group: int(2) },
      'expected a multiple of 2 filters, one share per group, found 3',
    ],
    ['Add', [[2], [3]], {}, 'expected operands that broadcast, found [2] and [3]'],
    ['Add', [[2], i64([1])], {}, 'expected operands of one element type, found float32 and int64'],
    ['Reshape', [[2, 3], i64([5])], {}, 'expected a shape of 6 elements, found [5]'],
    ['Reshape', [[2, 3], i64([4, -1])], {}, 'expected a shape that divides 6 elements, found [4, -1]'],
    [
      'MatMul',
      [
        [2, 3],
        [4, 5],
      ],
      {},
      'expected matrices [..., m, k] x [..., k, n], found [2, 3] x [4, 5]',
    ],
    ['Gemm', [[2, 3], [3, 5], [4]], {}, 'expected a summand that broadcasts to [2, 5], found [4]'],
    [
      'Concat',
      [
        [2, 3],
        [3, 3],
      ],
      { axis: int(1) },
      'expected shapes equal off axis 1, found [2, 3], [3, 3]',
    ],
    ['Softmax', [[2, 3]], { axis: int(2) }, 'expected an axis of a tensor of rank 2, found 2'],
    ['Transpose', [[2, 3]], { perm: ints([0, 0]) }, 'expected a permutation of 2 axes, found [0, 0]'],
    ['Squeeze', [[2, 3], i64([0])], {}, 'expected size 1 on axis 0, found [2, 3]'],
  ] as [string, (Shape | Tensor)[], Attributes, string][])('case %#: %s', (op, operands, attributes, expected) => {
    expect(() => infer(op, operands, attributes)).toThrow(
      expect.objectContaining({ code: 'E_SHAPE', message: `node 'y' (${op}): ${expected}` }),
    );
  });
});

test('an unknown rank stays unknown, an unknown type too', () => {
  const graph = new Graph('test', 20);
  const b = new Builder(graph);
  const x = graph.input('x', 'float32');
  expect(printType(b.relu(x).type)).toBe('float32');
  expect(printType(b.op('Conv', [x, b.constant('w', f32([4, 3, 1, 1]))]).type)).toBe('float32');
  expect(printType(b.greater(x, 1).type)).toBe('bool');
  const foreign = b.node('Mystery', [x], {}, 1, undefined, 'com.example').output();
  expect(printType(b.relu(foreign).type)).toBe('?');
});

test('a straight-through marker has the type of its value', () => {
  const graph = new Graph('test', 20);
  const x = graph.input('x', 'float32', ['N', 3]);
  const b = new Builder(graph);
  expect(b.straightThrough(x, b.op('Sign', [x])).shape).toEqual(['N', 3]);
});
