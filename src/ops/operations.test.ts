/** Counted operations against arithmetic written out by hand: one idea, a case or more for every operator. */

import { describe, expect, it, test } from 'vitest';
import {
  type Attributes,
  f32,
  float,
  Graph,
  i64,
  int,
  ints,
  type Shape,
  scalar,
  str,
  type Tensor,
} from '../ir/index.ts';
import { Builder } from './builder.ts';
import { type OpType, opTypes } from './names.ts';
import { addOperations, countOperations, isFoldable, noOperations, type Operations } from './operations.ts';
import { inferNode } from './shape.ts';

/** A float32 input's shape, a constant, or an input of another type. */
type Operand = Shape | Tensor | { readonly input: 'bool' | 'int64' | 'uint8'; readonly shape: Shape };

function makeNode(op: string, operands: readonly (Operand | undefined)[], attributes: Attributes = {}, outputs = 1) {
  const graph = new Graph('test');
  const values = operands.map((operand, i) => {
    if (!operand) return undefined;
    if ('dims' in operand) return graph.initializer(`c${i}`, operand);
    return 'input' in operand
      ? graph.input(`x${i}`, operand.input, operand.shape)
      : graph.input(`x${i}`, 'float32', operand);
  });
  const node = graph.add(op, values, attributes, { name: 'y', outputs });
  inferNode(node);
  return node;
}

interface Case {
  readonly operands: readonly (Operand | undefined)[];
  readonly attributes?: Attributes;
  readonly expected: Partial<Operations>;
}

const of = (operands: Case['operands'], expected: Partial<Operations>, attributes: Attributes = {}): Case => ({
  operands,
  attributes,
  expected,
});

// 24 elements
const x = [2, 3, 4];
const row = [4];
const bools = { input: 'bool', shape: x } as const;
const indices = { input: 'int64', shape: [2, 3, 1] } as const;

// [2, 3, 4] to [2, 1, 4]: 8 sums of 3 elements, 16 steps
const middle = i64([1]);

// 2 images of 3 channels and 6 x 6 pixels
const image = [2, 3, 6, 6];
const pool = { kernel_shape: ints([3, 2]), strides: ints([3, 2]) };

const cases: { readonly [K in OpType]: Case } = {
  Abs: of([x], { comparisons: 24 }),
  Add: of([x, row], { additions: 24 }),
  And: of([bools, bools], { comparisons: 24 }),
  ArgMax: of([x], { comparisons: 24 - 6 }, { axis: int(2) }),
  // 2 x 3 x 2 x 3 windows of 6 elements
  AveragePool: of([image], { additions: 36 * 5, multiplications: 36 }, pool),
  BatchNormalization: of([x, [3], [3], [3], [3]], { multiplications: 24, additions: 24 }),
  Cast: of([x], {}, { to: int(10) }),
  Ceil: of([x], { comparisons: 24 }),
  Clip: of([x, scalar(0), scalar(6)], { comparisons: 2 * 24 }),
  Concat: of([x, x], {}, { axis: int(1) }),
  Constant: of([], {}, { value_ints: ints([1, 2]) }),
  ConstantOfShape: of([{ input: 'int64', shape: [2] }], {}),
  // 2 x 5 x 4 x 4 outputs of 3 x 3 x 3 products
  Conv: of([image, [5, 3, 3, 3], [5]], { macs: 160 * 27, biases: 160 }),
  // 2 x 3 x 6 x 6 inputs, each in 5 x 2 x 2 products; 2 x 5 x 12 x 12 outputs
  ConvTranspose: of([image, [3, 5, 2, 2], [5]], { macs: 216 * 20, biases: 1440 }, { strides: ints([2, 2]) }),
  DequantizeLinear: of([{ input: 'uint8', shape: x }, scalar(2)], { multiplications: 24, additions: 24 }),
  Div: of([x, row], { functions: 24 }),
  Dropout: of([x], {}),
  Equal: of([x, row], { comparisons: 24 }),
  Erf: of([x], { functions: 24 }),
  Exp: of([x], { functions: 24 }),
  Expand: of([[3, 1], i64([3, 4])], {}),
  Flatten: of([x], {}),
  Floor: of([x], { comparisons: 24 }),
  Gather: of([x, indices], {}),
  GatherElements: of([x, indices], {}),
  Celu: of([x], { comparisons: 48, multiplications: 48, additions: 48, functions: 24 }),
  Mish: of([x], { multiplications: 48, additions: 48, functions: 48 }),
  Mod: of([x, row], { functions: 24 }),
  Selu: of([x], { comparisons: 24, multiplications: 48, additions: 24, functions: 24 }),
  Softsign: of([x], { comparisons: 24, additions: 24, functions: 24 }),
  DepthToSpace: of([[1, 8, 3, 3]], {}, { blocksize: int(2) }),
  SpaceToDepth: of([[1, 2, 4, 6]], {}, { blocksize: int(2) }),
  // 6 planes of 16 elements: 15 steps of each of two sums
  InstanceNormalization: of([[2, 3, 4, 4], [3], [3]], {
    multiplications: 3 * 96 + 2 * 6,
    additions: 96 + 2 * 90 + 6 + 96,
    functions: 12,
  }),
  LRN: of([[2, 3, 4, 4]], { multiplications: 3 * 96, additions: 5 * 96, functions: 96 }, { size: int(5) }),
  // the rows first: [1, 2, 6, 4], then [1, 2, 6, 8]
  Resize: of(
    [[1, 2, 3, 4], undefined, f32([4], [1, 1, 2, 2])],
    { multiplications: 2 * (48 + 96), additions: 48 + 96 },
    { mode: str('linear') },
  ),
  Gelu: of([x], { multiplications: 3 * 24, additions: 24, functions: 24 }),
  // [4, 3] x [3, 5] + [5]
  Gemm: of([[3, 4], [5, 3], [5]], { macs: 20 * 3, biases: 20 }, { transA: int(1), transB: int(1) }),
  // 6 means of 36 pixels
  GlobalAveragePool: of([image], { additions: 6 * 35, multiplications: 6 }),
  GlobalMaxPool: of([image], { comparisons: 6 * 35 }),
  Greater: of([x, row], { comparisons: 24 }),
  GreaterOrEqual: of([x, row], { comparisons: 24 }),
  Elu: of([x], { comparisons: 24, multiplications: 24, additions: 24, functions: 24 }),
  HardSigmoid: of([x], { multiplications: 24, additions: 24, comparisons: 2 * 24 }),
  HardSwish: of([x], { multiplications: 2 * 24, additions: 24, comparisons: 2 * 24 }),
  Identity: of([x], {}),
  // 2 groups of 12: two sums of 11 steps, 12 differences, 1 epsilon, 12 biases; 12 squares, 2 x 12 scalings, 2 means
  LayerNormalization: of(
    [x, [3, 4], [3, 4]],
    { additions: 2 * (22 + 12 + 1 + 12), multiplications: 2 * (12 + 24 + 2), functions: 2 * 2 },
    { axis: int(1) },
  ),
  LeakyRelu: of([x], { comparisons: 24, multiplications: 24 }),
  Less: of([x, row], { comparisons: 24 }),
  LessOrEqual: of([x, row], { comparisons: 24 }),
  Log: of([x], { functions: 24 }),
  // 6 lines of 4: 3 steps for the maximum, 4 differences, 4 exponentials, 3 steps of the sum, 1 logarithm, 4 differences
  LogSoftmax: of([x], { comparisons: 6 * 3, additions: 6 * (4 + 3 + 4), functions: 6 * (4 + 1) }),
  // 2 x 3 x 5 outputs of 4 products
  MatMul: of([x, [4, 5]], { macs: 30 * 4 }),
  Max: of([x, row, x], { comparisons: 2 * 24 }),
  MaxPool: of([image], { comparisons: 36 * 5 }, pool),
  Min: of([x, row], { comparisons: 24 }),
  Mul: of([x, row], { multiplications: 24 }),
  Neg: of([x], { additions: 24 }),
  Not: of([bools], { comparisons: 24 }),
  OneHot: of([indices, scalar(5), f32([2])], {}),
  Or: of([bools, bools], { comparisons: 24 }),
  Pad: of([x, i64([1, 0, 0, 1, 0, 0])], {}),
  Pow: of([x, row], { functions: 24 }),
  PRelu: of([x, row], { comparisons: 24, multiplications: 24 }),
  QuantizeLinear: of([x, scalar(2)], { multiplications: 24, additions: 24 }),
  Range: of([{ input: 'int64', shape: [] }, i64([9], []), i64([1], [])], {}),
  Reciprocal: of([x], { functions: 24 }),
  ReduceL2: of([x, middle], { multiplications: 24, additions: 16, functions: 8 }),
  ReduceMax: of([x, middle], { comparisons: 16 }),
  ReduceMean: of([x, middle], { additions: 16, multiplications: 8 }),
  ReduceMin: of([x, middle], { comparisons: 16 }),
  ReduceProd: of([x, middle], { multiplications: 16 }),
  ReduceSum: of([x, middle], { additions: 16 }),
  ReduceSumSquare: of([x, middle], { multiplications: 24, additions: 16 }),
  Relu: of([x], { comparisons: 24 }),
  Reshape: of([x, i64([6, 4])], {}),
  Round: of([x], { comparisons: 24 }),
  // 6 updates
  ScatterElements: of([x, indices, [2, 3, 1]], { additions: 6 }, { reduction: str('add') }),
  // 5 updates of rows of 4
  ScatterND: of([x, { input: 'int64', shape: [5, 2] }, [5, 4]], { multiplications: 20 }, { reduction: str('mul') }),
  Shape: of([x], {}),
  Sigmoid: of([x], { additions: 24, functions: 2 * 24 }),
  Sign: of([x], { comparisons: 24 }),
  Slice: of([x, i64([0]), i64([1])], {}),
  // 8 lines of 3: 2 steps for the maximum, 3 differences, 3 exponentials, 2 steps of the sum, 1 inverse, 3 products
  Softmax: of(
    [x],
    { comparisons: 8 * 2, additions: 8 * (3 + 2), functions: 8 * (3 + 1), multiplications: 8 * 3 },
    { axis: int(1) },
  ),
  Softplus: of([x], { additions: 24, functions: 2 * 24 }),
  Split: of([x], {}, { axis: int(2) }),
  Sqrt: of([x], { functions: 24 }),
  Squeeze: of([[2, 1]], {}),
  Sub: of([x, row], { additions: 24 }),
  Sum: of([x, row, x, row], { additions: 3 * 24 }),
  Tanh: of([x], { multiplications: 24, additions: 2 * 24, functions: 2 * 24 }),
  Tile: of([x, i64([1, 2, 1])], {}),
  Transpose: of([x], {}),
  Unsqueeze: of([x, i64([0])], {}),
  Where: of([{ input: 'bool', shape: row }, x, x], { comparisons: 24 }),
  Xor: of([bools, bools], { comparisons: 24 }),
};

const count = (operands: Case['operands'], op: string, attributes?: Attributes) =>
  countOperations(makeNode(op, operands, attributes));

describe('one case for every operator', () => {
  it.each(opTypes)('%s', (op) => {
    const { operands, attributes, expected } = cases[op];
    expect(count(operands, op, attributes)).toEqual({ ...noOperations, ...expected });
  });

  it('computes nothing only where data is moved', () => {
    const idle = opTypes.filter((op) => Object.keys(cases[op].expected).length === 0);
    expect(idle.join(' ')).toBe(
      'Cast Concat Constant ConstantOfShape DepthToSpace Dropout Expand Flatten Gather GatherElements Identity OneHot Pad Range ' +
        'Reshape Shape Slice SpaceToDepth Split Squeeze Tile Transpose Unsqueeze',
    );
  });
});

const counted = (expected: Partial<Operations>) => ({ ...noOperations, ...expected });

describe('convolutions and matrix products', () => {
  // 7 of 12 weights are not zero
  const trits = [1, 0, -1, 1, 1, 0, 0, -1, 0, 1, -1, 0];

  it('of groups and strides, padding included', () => {
    // [2, 4, 6, 6] to [2, 8, 3, 3], 2 of 4 channels in 3 x 3 windows
    const attributes = { group: int(2), strides: ints([2, 2]), pads: ints([1, 1, 1, 1]) };
    expect(count([[2, 4, 6, 6], f32([8, 2, 3, 3], new Array(144).fill(0.5))], 'Conv', attributes)).toEqual(
      counted({ macs: 2 * 8 * 9 * (2 * 9) }),
    );
  });

  it('of a depthwise kernel', () => {
    const attributes = { group: int(3), pads: ints([1, 1, 1, 1]) };
    expect(count([image, [3, 1, 3, 3]], 'Conv', attributes)).toEqual(counted({ macs: 216 * 9 }));
  });

  it('add and subtract by ternary weights', () => {
    // 4 filters of 3 weights at 2 x 36 positions
    const conv = count([image, f32([4, 3, 1, 1], trits), f32([4])], 'Conv');
    expect(conv).toEqual(counted({ ternary: 72 * 12, ternaryNonZero: 72 * 7, biases: 72 * 4 }));
    // 3 channels of 4 weights at 2 x 36 positions
    const back = count([image, f32([3, 4, 1, 1], trits)], 'ConvTranspose');
    expect(back).toEqual(counted({ ternary: 72 * 12, ternaryNonZero: 72 * 7 }));
  });

  it('by a ternary matrix on either side, in batches', () => {
    const expected = counted({ ternary: 10 * 12, ternaryNonZero: 10 * 7 });
    // the 12 weights are used by 2 x 5 rows, or 2 x 5 columns
    expect(count([[2, 5, 3], f32([3, 4], trits)], 'MatMul')).toEqual(expected);
    expect(count([f32([4, 3], trits), [2, 3, 5]], 'MatMul')).toEqual(expected);
    expect(count([[5, 4], f32([3, 4], trits)], 'Gemm', { transB: int(1) })).toEqual(
      counted({ ternary: 5 * 12, ternaryNonZero: 5 * 7 }),
    );
  });

  it('with a vector', () => {
    expect(count([[7], [7, 3]], 'MatMul')).toEqual(counted({ macs: 21 }));
    expect(count([[2, 3, 7], [7]], 'MatMul')).toEqual(counted({ macs: 6 * 7 }));
  });

  it('by zeros are ternary, none of them counted as not zero', () => {
    expect(count([image, f32([4, 3, 1, 1])], 'Conv')).toEqual(counted({ ternary: 72 * 12 }));
  });

  it('by one weight of another size are MACs', () => {
    const weight = f32([4, 3, 1, 1], trits.with(5, 0.5));
    expect(count([image, weight], 'Conv')).toEqual(counted({ macs: 72 * 12 }));
  });

  it('by ternary values that a caller can override are MACs', () => {
    const node = makeNode('Conv', [image, f32([4, 3, 1, 1], trits)]);
    node.graph.inputs.push(node.input(1));
    expect(countOperations(node)).toEqual(counted({ macs: 72 * 12 }));
  });

  it('with factors', () => {
    const attributes = { alpha: float(0.5), beta: float(2) };
    expect(count([[4, 3], [3, 5], [5]], 'Gemm', attributes)).toEqual(
      counted({ macs: 60, biases: 20, multiplications: 20 + 5 }),
    );
    expect(
      count(
        [
          [4, 3],
          [3, 5],
        ],
        'Gemm',
        attributes,
      ),
    ).toEqual(counted({ macs: 60, multiplications: 20 }));
  });
});

describe('what depends on constants and attributes', () => {
  it.each([
    ['Div', [x, scalar(6)], { multiplications: 24 }, {}],
    ['Div', [scalar(1), x], { functions: 24 }, {}],
    ['Div', [{ input: 'int64', shape: x }, i64([6])], { functions: 24 }, {}],
    ['Pow', [x, scalar(2)], { multiplications: 24 }, {}],
    ['Pow', [x, scalar(3)], { multiplications: 2 * 24 }, {}],
    ['Pow', [x, scalar(0.5)], { functions: 24 }, {}],
    ['Pow', [x, f32([4], [2, 2, 2, 2])], { functions: 24 }, {}],
    ['Clip', [x, undefined, scalar(6)], { comparisons: 24 }, {}],
    ['Gelu', [x], { multiplications: 7 * 24, additions: 4 * 24, functions: 2 * 24 }, { approximate: str('tanh') }],
    ['ReduceSum', [x], { additions: 23 }, {}],
    ['ReduceSum', [x], {}, { noop_with_empty_axes: int(1) }],
    ['ScatterElements', [x, indices, [2, 3, 1]], {}, {}],
    ['ScatterElements', [x, indices, [2, 3, 1]], { comparisons: 6 }, { reduction: str('max') }],
    // without a bias
    ['LayerNormalization', [x, [4]], { additions: 6 * (6 + 4 + 1), multiplications: 6 * 14, functions: 12 }, {}],
    // both operands broadcast: 6 outputs
    ['Add', [[2, 1], [3]], { additions: 6 }, {}],
  ] as [string, Case['operands'], Partial<Operations>, Attributes][])(
    'case %#: %s',
    (op, operands, expected, attributes) => {
      expect(count(operands, op, attributes)).toEqual(counted(expected));
    },
  );
});

describe('nodes that can be computed beforehand', () => {
  test('do nothing, however long the chain', () => {
    const graph = new Graph('test');
    const b = new Builder(graph);
    const input = graph.input('x', 'float32', [2, 3]);
    const weight = b.mul(b.exp(b.constant('w', f32([3]))), b.constant('s', f32([3])));
    const y = b.add(input, weight);
    expect(graph.nodes.map((node) => isFoldable(node))).toEqual([true, true, false]);
    expect(graph.nodes.map((node) => countOperations(node)?.multiplications)).toEqual([0, 0, 0]);
    expect(countOperations(y.producer!)).toEqual(counted({ additions: 6 }));
  });

  test('are those of fixed shapes, too', () => {
    const graph = new Graph('test');
    const b = new Builder(graph);
    const input = graph.input('x', 'float32', [2, 3]);
    const twice = b.mul(b.op('Shape', [input]), b.i64([2]));
    expect(countOperations(twice.producer!)).toEqual(noOperations);
    const open = graph.input('open', 'int64', [2]);
    expect(countOperations(b.mul(open, b.i64([2])).producer!)).toEqual(counted({ multiplications: 2 }));
  });

  test('are not those that a caller can change', () => {
    const node = makeNode('Relu', [f32([3])]);
    expect(countOperations(node)).toEqual(noOperations);
    node.graph.inputs.push(node.input(0));
    expect(countOperations(node)).toEqual(counted({ comparisons: 3 }));
  });
});

test('operators outside the table are unknown, constant or not', () => {
  const graph = new Graph('test');
  const b = new Builder(graph);
  const input = graph.input('x', 'float32', [2]);
  expect(countOperations(b.node('Mystery', [b.constant('w', f32([2]))]))).toBeUndefined();
  expect(countOperations(b.node('Relu', [input], {}, 1, undefined, 'com.example'))).toBeUndefined();
  expect(countOperations(b.straightThrough(input, b.relu(input)).producer!)).toBeUndefined();
  // nothing is known of what such a node draws on
  expect(isFoldable(b.relu(b.node('Mystery', []).output()).producer!)).toBe(false);
});

test('symbolic sizes are an error', () => {
  expect(() => count([['N', 3]], 'Relu')).toThrow(expect.objectContaining({ code: 'E_SHAPE' }));
});

test('sums', () => {
  const a = counted({ macs: 1, ternary: 2, ternaryNonZero: 3, biases: 4 });
  const b = counted({ macs: 10, multiplications: 5, additions: 6, comparisons: 7, functions: 8 });
  expect(addOperations(a, b)).toEqual({
    macs: 11,
    ternary: 2,
    ternaryNonZero: 3,
    biases: 4,
    multiplications: 5,
    additions: 6,
    comparisons: 7,
    functions: 8,
  });
});
