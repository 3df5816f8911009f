/**
 * Every gradient rule, one operator and one set of attributes a line: value and gradient against the reference. One idea,
 * as long as the list of operators.
 */

import { describe, expect, it } from 'vitest';
import { type Attributes, f32, float, i64, int, ints, scalar, str, type Tensor } from '../../src/ir/index.ts';
import { gradientRules } from '../../src/ops/gradient.ts';
import { checkGradient, type GradientCase } from './check-gradient.ts';

type Inputs = GradientCase['inputs'];
type Options = Omit<GradientCase, 'op' | 'inputs' | 'attributes'>;

const checked = new Set<string>();

function check(op: string, inputs: Inputs, attributes: Attributes = {}, options: Options = {}): void {
  checked.add(op);
  const show = (x: Inputs[number]) => (!x ? '_' : 'dtype' in x ? `${x.dtype}[${x.dims}]` : `[${x}]`);
  const named = Object.entries(attributes).map(([key, a]) => `${key}=${JSON.stringify(a.value)}`);
  it(`${op}(${inputs.map(show).join(', ')}) ${named.join(' ')}`, () =>
    checkGradient({ op, inputs, attributes, ...options }));
}

const positive: Options = { between: [0.5, 2] };
const bool = (dims: number[], data: number[]): Tensor => ({ dtype: 'bool', dims, data: Uint8Array.from(data) });
const x4 = [2, 3, 5, 6];

describe('elementwise', () => {
  for (const op of ['Abs', 'Neg', 'Exp', 'Sigmoid', 'Tanh', 'Softplus', 'Erf', 'Relu', 'Identity', 'Dropout'])
    check(op, [[2, 7]]);
  for (const op of ['Log', 'Sqrt', 'Reciprocal']) check(op, [[2, 7]], {}, positive);
  check('LeakyRelu', [[2, 7]], { alpha: float(0.1) });
  check('Elu', [[2, 7]]);
  check('Elu', [[4, 9]], { alpha: float(0.7) });
  check('HardSigmoid', [[4, 9]], {}, { between: [-5, 5] });
  check('HardSigmoid', [[4, 9]], { alpha: float(1 / 6), beta: float(0.4) }, { between: [-5, 5] });
  check('HardSwish', [[4, 9]], {}, { between: [-5, 5] });
  for (const op of ['Celu', 'Mish', 'Selu', 'Softsign']) check(op, [[4, 9]], {}, { between: [-3, 3] });
  check('Celu', [[4, 9]], { alpha: float(0.6) });
  check('Selu', [[4, 9]], { alpha: float(0.6), gamma: float(1.3) });
  check('Gelu', [[2, 7]]);
  check('Gelu', [[2, 7]], { approximate: str('tanh') });
  check('Clip', [[4, 9], scalar(0), scalar(6)], {}, { between: [-3, 9] });
  check('Clip', [[4, 9], undefined, scalar(0.5)]);
  check('Clip', [[4, 9], [], []], {}, { between: [-1, 1] });
  check('PRelu', [
    [2, 3, 4],
    [3, 1],
  ]);
  check('PRelu', [
    [2, 3],
    [2, 3],
  ]);
  check('Cast', [[2, 3]], { to: int(11) });
  check('Softmax', [[2, 3, 4]]);
  check('Softmax', [[2, 3, 4]], { axis: int(1) });
  check('LogSoftmax', [[2, 5]]);
  check('LogSoftmax', [[2, 5]], { axis: int(0) });
});

describe('arithmetic', () => {
  for (const op of ['Add', 'Sub', 'Mul', 'Div', 'Min', 'Max', 'Sum', 'Pow']) {
    check(
      op,
      [
        [2, 3, 4],
        [2, 3, 4],
      ],
      {},
      positive,
    );
    check(
      op,
      [
        [2, 3, 4],
        [3, 1],
      ],
      {},
      positive,
    );
    check(op, [[], [2, 1, 4]], {}, positive);
    check(
      op,
      [
        [2, 1, 4],
        [3, 1],
      ],
      {},
      positive,
    );
  }
  check('Max', [[2, 3], [3], []]);
  check('Min', [[4, 5], [1, 5], [4, 1], scalar(0.2)]);
  check('Sum', [[2, 3], [3], [2, 1]]);
  check('Sum', [[2, 3]]);
  check('Pow', [[2, 3], scalar(2)]);
  check('Pow', [[2, 3], scalar(3)]);
  check('Pow', [[2, 3], i64([2, 3, 1])]);
  check('Pow', [[2, 3], scalar(-0.5)], {}, positive);
  check('Where', [bool([3], [1, 0, 1]), [2, 3], [2, 1]]);
  check('Where', [bool([2, 3], [1, 0, 1, 0, 0, 1]), [3], []]);
});

describe('matrix products', () => {
  check('MatMul', [
    [3, 4],
    [4, 2],
  ]);
  check('MatMul', [
    [2, 3, 4],
    [2, 4, 5],
  ]);
  check('MatMul', [
    [2, 3, 4],
    [4, 5],
  ]);
  check('MatMul', [
    [3, 4],
    [2, 4, 5],
  ]);
  check('MatMul', [
    [2, 1, 3, 4],
    [5, 4, 2],
  ]);
  check('MatMul', [[4], [4]]);
  check('MatMul', [[4], [4, 3]]);
  check('MatMul', [[3, 4], [4]]);
  check('MatMul', [[4], [2, 4, 3]]);
  check('MatMul', [[2, 3, 4], [4]]);
  for (const transA of [0, 1]) {
    for (const transB of [0, 1]) {
      const shapes = [transA ? [4, 3] : [3, 4], transB ? [2, 4] : [4, 2]];
      check('Gemm', [...shapes, [2]], { transA: int(transA), transB: int(transB) });
      check('Gemm', [...shapes, [3, 1]], {
        transA: int(transA),
        transB: int(transB),
        alpha: float(0.5),
        beta: float(2),
      });
    }
  }
  check('Gemm', [
    [3, 4],
    [4, 2],
  ]);
  check('Gemm', [[3, 4], [4, 2], []]);
});

describe('convolution', () => {
  const group = (g: number, more: Attributes = {}) => ({ group: int(g), pads: ints([1, 1, 1, 1]), ...more });
  check('Conv', [x4, [4, 3, 3, 3], [4]]);
  check('Conv', [x4, [4, 3, 3, 3]], { pads: ints([1, 1, 1, 1]) });
  check('Conv', [[2, 3, 5, 5], [4, 3, 3, 3], [4]], { strides: ints([2, 2]), pads: ints([1, 1, 1, 1]) });
  check('Conv', [[2, 3, 6, 6], [4, 3, 3, 3], [4]], { strides: ints([2, 2]), pads: ints([1, 1, 1, 1]) });
  check(
    'Conv',
    [
      [2, 3, 6, 7],
      [4, 3, 2, 3],
    ],
    { strides: ints([3, 2]), pads: ints([0, 1, 2, 0]) },
  );
  check(
    'Conv',
    [
      [2, 2, 7, 8],
      [3, 2, 3, 3],
    ],
    { dilations: ints([2, 2]), pads: ints([2, 2, 2, 2]) },
  );
  check(
    'Conv',
    [
      [2, 2, 8, 9],
      [3, 2, 3, 2],
    ],
    { dilations: ints([2, 3]), strides: ints([2, 2]), pads: ints([1, 0, 0, 1]) },
  );
  check('Conv', [x4, [4, 3, 1, 1], [4]]);
  check('Conv', [x4, [4, 3, 1, 1]], { strides: ints([2, 2]) });
  check('Conv', [x4, [4, 3, 1, 1]], { pads: ints([1, 0, 1, 0]) });
  check(
    'Conv',
    [
      [1, 2, 6, 6],
      [3, 2, 5, 5],
    ],
    { pads: ints([2, 2, 2, 2]) },
  );
  check(
    'Conv',
    [
      [1, 2, 7, 6],
      [3, 2, 3, 3],
    ],
    { auto_pad: str('SAME_UPPER'), strides: ints([2, 2]) },
  );
  check(
    'Conv',
    [
      [1, 2, 7, 6],
      [3, 2, 3, 3],
    ],
    { auto_pad: str('SAME_LOWER'), strides: ints([2, 2]) },
  );
  check(
    'Conv',
    [
      [1, 2, 7, 6],
      [3, 2, 3, 3],
    ],
    { auto_pad: str('VALID'), strides: ints([2, 2]) },
  );
  check('Conv', [[2, 4, 5, 5], [6, 2, 3, 3], [6]], group(2));
  check(
    'Conv',
    [
      [2, 4, 6, 5],
      [6, 2, 3, 3],
    ],
    group(2, { strides: ints([2, 2]) }),
  );
  check(
    'Conv',
    [
      [2, 4, 6, 5],
      [6, 2, 1, 1],
    ],
    { group: int(2) },
  );
  check('Conv', [[2, 3, 5, 6], [3, 1, 3, 3], [3]], group(3));
  check('Conv', [[2, 3, 5, 6], [3, 1, 3, 3], [3]], group(3, { strides: ints([2, 2]) }));
  check('Conv', [[2, 3, 5, 6], [6, 1, 3, 3], [6]], group(3));
  check(
    'Conv',
    [
      [2, 3, 5, 6],
      [6, 1, 3, 3],
    ],
    group(3, { strides: ints([2, 2]), pads: ints([0, 0, 1, 1]) }),
  );
  check(
    'Conv',
    [
      [2, 3, 6, 6],
      [3, 1, 5, 5],
    ],
    { group: int(3), pads: ints([2, 2, 2, 2]) },
  );
  check(
    'Conv',
    [
      [2, 3, 7, 7],
      [3, 1, 3, 3],
    ],
    { group: int(3), dilations: ints([2, 2]), pads: ints([2, 2, 2, 2]) },
  );
  check(
    'Conv',
    [
      [2, 3, 6, 6],
      [3, 1, 3, 3],
    ],
    { group: int(3), auto_pad: str('SAME_UPPER'), strides: ints([2, 2]) },
  );
  check('Conv', [[2, 3, 8], [4, 3, 3], [4]], { strides: ints([2]), pads: ints([1, 1]) });
  check('Conv', [[1, 2, 4, 3, 5], [2, 2, 2, 2, 3], [2]], { strides: ints([1, 1, 2]), pads: ints([1, 0, 0, 0, 1, 1]) });
  check(
    'Conv',
    [
      [1, 16, 5, 6],
      [2, 16, 3, 2],
    ],
    { pads: ints([1, 0, 1, 1]) },
  );
  check(
    'Conv',
    [
      [1, 16, 7, 6],
      [2, 16, 3, 3],
    ],
    { strides: ints([2, 2]), dilations: ints([1, 2]), pads: ints([0, 1, 0, 1]) },
  );
  check(
    'Conv',
    [
      [1, 16, 6, 6],
      [2, 16, 3, 3],
    ],
    { strides: ints([2, 2]) },
  );
  check(
    'Conv',
    [
      [2, 2, 4, 4],
      [3, 2, 2, 2],
    ],
    { pads: ints([2, 2, 2, 2]) },
  );
  check('ConvTranspose', [[2, 3, 4, 5], [3, 2, 3, 3], [2]]);
  check(
    'ConvTranspose',
    [
      [2, 3, 4, 5],
      [3, 2, 3, 3],
    ],
    { strides: ints([2, 2]), pads: ints([1, 0, 0, 1]) },
  );
  check(
    'ConvTranspose',
    [
      [1, 3, 4, 5],
      [3, 2, 3, 3],
    ],
    { strides: ints([2, 2]), output_padding: ints([1, 1]) },
  );
  check(
    'ConvTranspose',
    [
      [1, 3, 4, 5],
      [3, 2, 3, 3],
    ],
    { strides: ints([2, 2]), auto_pad: str('SAME_UPPER') },
  );
  check('ConvTranspose', [[1, 4, 4, 5], [4, 3, 3, 2], [6]], {
    group: int(2),
    dilations: ints([2, 1]),
    pads: ints([1, 0, 1, 0]),
  });
});

describe('pools', () => {
  const kernel = (k: number, s: number, more: Attributes = {}) => ({
    kernel_shape: ints([k, k]),
    strides: ints([s, s]),
    ...more,
  });
  const pads = ints([1, 1, 1, 1]);
  for (const op of ['AveragePool', 'MaxPool']) {
    check(op, [[2, 3, 6, 4]], kernel(2, 2));
    check(op, [[2, 3, 7, 7]], kernel(2, 2));
    check(op, [[2, 3, 7, 6]], kernel(3, 2));
    check(op, [[2, 3, 7, 6]], kernel(3, 2, { pads }));
    check(op, [[2, 3, 5, 6]], kernel(3, 1, { pads }));
    check(op, [[2, 3, 5, 6]], kernel(3, 1, { pads: ints([0, 1, 1, 0]) }));
    check(op, [[1, 2, 6, 6]], kernel(3, 2, { auto_pad: str('SAME_UPPER') }));
    check(op, [[1, 2, 6, 6]], kernel(3, 2, { auto_pad: str('SAME_LOWER') }));
    check(op, [[1, 2, 6, 6]], kernel(2, 3, { ceil_mode: int(1) }));
    check(op, [[1, 2, 6, 7]], kernel(3, 2, { ceil_mode: int(1) }));
    check(op, [[1, 2, 7, 7]], kernel(2, 1, { dilations: ints([2, 3]) }));
    check(op, [[2, 3, 8]], { kernel_shape: ints([3]), strides: ints([2]), pads: ints([1, 0]) });
  }
  check('MaxPool', [[2, 3, 6, 4]], kernel(3, 1, { pads }), { outputs: 2 });
  check('AveragePool', [[2, 3, 7, 6]], kernel(3, 2, { pads, count_include_pad: int(1) }));
  check('AveragePool', [[2, 3, 6, 6]], kernel(3, 2, { pads, count_include_pad: int(1), ceil_mode: int(1) }));
  check('GlobalAveragePool', [x4]);
  check('GlobalMaxPool', [x4]);
});

describe('normalization', () => {
  const statistics = [f32([3], [0.1, -0.2, 0.3]), f32([3], [0.5, 1, 2])];
  check('BatchNormalization', [x4, [3], [3], ...statistics]);
  check('BatchNormalization', [[4, 3], [3], [3], ...statistics], { epsilon: float(0.01) });
  check('BatchNormalization', [x4, [3], [3], [3], [3]], {}, positive);
  check('BatchNormalization', [x4, [3], [3], ...statistics], { training_mode: int(1) }, { forward: false, outputs: 3 });
  check(
    'BatchNormalization',
    [[6, 3], [3], [3], ...statistics],
    { training_mode: int(1) },
    { forward: false, outputs: 3 },
  );
  check('LayerNormalization', [[4, 6], [6], [6]]);
  check('InstanceNormalization', [[2, 3, 4, 5], [3], [3]]);
  check('InstanceNormalization', [[2, 3, 6], [3], [3]], { epsilon: float(0.1) });
  check('LRN', [[2, 5, 3, 2]], { size: int(3), alpha: float(0.8), beta: float(0.6) });
  check('LayerNormalization', [[4, 6], [6]], { epsilon: float(0.1) });
  check(
    'LayerNormalization',
    [
      [2, 3, 4],
      [3, 4],
      [3, 4],
    ],
    { axis: int(1) },
  );
  check('LayerNormalization', [[2, 3, 4], [4], [1]], { axis: int(-2) });
  check('LayerNormalization', [[2, 3, 4], [4], [4]], {}, { outputs: 3 });
});

describe('reductions', () => {
  for (const op of ['ReduceSum', 'ReduceMean', 'ReduceMax', 'ReduceMin', 'ReduceSumSquare', 'ReduceL2', 'ReduceProd']) {
    check(op, [[2, 3, 4]]);
    check(op, [[2, 3, 4], i64([1])]);
    check(op, [[2, 3, 4], i64([-1, 0])], { keepdims: int(0) });
    check(op, [[2, 3, 4]], { keepdims: int(0) });
  }
  check('ReduceProd', [[3, 3], i64([1])], {}, { at: [1, 2, 3, 0, 2, 3, 0, 0, 3] });
  check('ReduceSum', [[2, 3, 4]], { noop_with_empty_axes: int(1) });
});

describe('movement', () => {
  check('DepthToSpace', [[2, 8, 2, 3]], { blocksize: int(2) });
  check('DepthToSpace', [[2, 8, 2, 3]], { blocksize: int(2), mode: str('CRD') });
  check('SpaceToDepth', [[2, 2, 4, 6]], { blocksize: int(2) });
  check('Reshape', [[2, 3, 4], i64([0, -1])]);
  check('Flatten', [[2, 3, 4]], { axis: int(2) });
  check('Squeeze', [[2, 1, 3, 1], i64([1, -1])]);
  check('Unsqueeze', [[2, 3], i64([0, -1])]);
  check('Transpose', [[2, 3, 4]]);
  check('Transpose', [[2, 3, 4]], { perm: ints([1, 2, 0]) });
  check(
    'Concat',
    [
      [2, 3],
      [2, 1],
      [2, 4],
    ],
    { axis: int(-1) },
  );
  check('Concat', [[2, 3], f32([1, 3], [1, 2, 3])], { axis: int(0) });
  check('Split', [[2, 6], i64([1, 2, 3])], { axis: int(1) }, { outputs: 3, summed: [0, 2] });
  check('Split', [[6, 2]], { num_outputs: int(2) }, { outputs: 2, summed: [0, 1] });
  check('Slice', [[5, 6], i64([1, 0]), i64([4, 2])]);
  check('Slice', [[5, 6, 2], i64([-3]), i64([2 ** 31]), i64([1])]);
  check('Slice', [[7, 6], i64([1]), i64([7]), i64([0]), i64([2])]);
  check('Slice', [[7, 8], i64([1, 0]), i64([7, 7]), i64([0, 1]), i64([3, 2])]);
  check('Slice', [[7, 6], i64([-1]), i64([-100]), i64([0]), i64([-1])]);
  check('Slice', [[7, 6], i64([5, 1]), i64([-100, 6]), i64([0, 1]), i64([-3, 4])]);
  check('Pad', [[2, 3], i64([0, 1, 2, 0])]);
  check('Pad', [[2, 3], i64([0, 1, 2, 0]), []]);
  check('Pad', [[4, 3], i64([-1, 1, 0, -1])]);
  check('Pad', [[4, 3], i64([1, 2]), undefined, i64([-1])]);
  check('Expand', [[3, 1], i64([2, 3, 4])]);
  check('Expand', [[2, 3, 4], i64([3, 1])]);
  check('Tile', [[2, 3], i64([2, 3])]);
  check('Tile', [[2, 3], i64([1, 2])]);
});

describe('indexing', () => {
  check('Gather', [[4, 3], i64([0, 2, 2, -1])]);
  check('Gather', [[2, 4, 3], i64([3, 1, 1, 0], [2, 2])], { axis: int(1) });
  check('Gather', [[2, 4, 3], i64([1], [])], { axis: int(-1) });
  check('GatherElements', [[3, 4], i64([0, 1, 1, -1, 3, 3], [3, 2])], { axis: int(1) });
  check('GatherElements', [[3, 4], i64([0, 2, 1, 2], [1, 4])]);
  check('ScatterElements', [[3, 4], i64([0, 1, 3, 2, 0, 1], [3, 2]), [3, 2]], { axis: int(1) });
  check('ScatterElements', [[3, 4], i64([0, 1, 3, 3, 0, 0], [3, 2]), [3, 2]], { axis: int(1), reduction: str('add') });
  check('ScatterND', [[4, 3], i64([2, 0], [2, 1]), [2, 3]]);
  check('ScatterND', [[2, 4, 3], i64([0, 2, 1, 0, 0, 2], [3, 2]), [3, 3]], { reduction: str('add') });
});

describe('symbolic batch', () => {
  const batch: Options = { batched: [0] };
  const both: Options = { batched: [0, 1] };
  check(
    'Add',
    [
      [2, 3, 4],
      [3, 1],
    ],
    {},
    batch,
  );
  check(
    'Mul',
    [
      [2, 3],
      [2, 1],
    ],
    {},
    both,
  );
  check('Softmax', [[2, 3]], {}, batch);
  check(
    'MatMul',
    [
      [2, 3, 4],
      [4, 5],
    ],
    {},
    batch,
  );
  check(
    'MatMul',
    [
      [2, 3, 4],
      [2, 4, 5],
    ],
    {},
    both,
  );
  check('Gemm', [[2, 4], [4, 3], [3]], {}, batch);
  check('Conv', [[2, 3, 5, 6], [4, 3, 3, 3], [4]], { strides: ints([2, 2]) }, batch);
  check(
    'Conv',
    [
      [2, 4, 5, 6],
      [4, 1, 3, 3],
    ],
    { group: int(4), pads: ints([1, 1, 1, 1]) },
    batch,
  );
  check(
    'Conv',
    [
      [2, 4, 5, 6],
      [6, 2, 3, 3],
    ],
    { group: int(2), strides: ints([2, 2]) },
    batch,
  );
  check(
    'Conv',
    [
      [2, 3, 5, 6],
      [4, 3, 1, 1],
    ],
    {},
    batch,
  );
  check(
    'Conv',
    [
      [2, 3, 5, 6],
      [4, 3, 1, 1],
    ],
    { strides: ints([2, 2]) },
    batch,
  );
  check(
    'ConvTranspose',
    [
      [2, 3, 4, 4],
      [3, 2, 3, 3],
    ],
    { strides: ints([2, 2]) },
    batch,
  );
  check('AveragePool', [[2, 3, 6, 6]], { kernel_shape: ints([2, 2]), strides: ints([2, 2]) }, batch);
  check('AveragePool', [[2, 3, 6, 6]], { kernel_shape: ints([3, 3]), strides: ints([2, 2]) }, batch);
  check('MaxPool', [[2, 3, 6, 6]], { kernel_shape: ints([3, 3]), strides: ints([2, 2]) }, batch);
  check('GlobalAveragePool', [[2, 3, 4, 4]], {}, batch);
  check('GlobalMaxPool', [[2, 3, 4, 4]], {}, batch);
  check(
    'BatchNormalization',
    [[3, 2, 2, 2], [2], [2], f32([2]), f32([2])],
    { training_mode: int(1) },
    { ...batch, forward: false, outputs: 3 },
  );
  check('LayerNormalization', [[2, 3, 4], [4], [4]], {}, { ...batch, outputs: 3 });
  check('ReduceMean', [[2, 3]], {}, batch);
  check('ReduceMean', [[2, 3], i64([0])], { keepdims: int(0) }, batch);
  check('ReduceSum', [[2, 3], i64([0])], { keepdims: int(0) }, batch);
  check('ReduceMax', [[2, 3, 4], i64([2])], {}, batch);
  check('Reshape', [[2, 3, 4], i64([0, -1])], {}, batch);
  check('Flatten', [[2, 3, 4]], {}, batch);
  check('Squeeze', [[2, 3, 1, 1], i64([2, 3])], {}, batch);
  check('Transpose', [[2, 3, 4]], { perm: ints([1, 0, 2]) }, batch);
  check(
    'Concat',
    [
      [2, 3],
      [2, 2],
    ],
    { axis: int(1) },
    both,
  );
  check('Concat', [[2, 3], f32([1, 3])], { axis: int(0) }, batch);
  check('Split', [[2, 6]], { axis: int(1), num_outputs: int(3) }, { ...batch, outputs: 3, summed: [1] });
  check('Slice', [[2, 7], i64([0, 1]), i64([2 ** 31, 6]), i64([0, 1]), i64([1, 2])], {}, batch);
  check('Pad', [[2, 3, 4], i64([0, 1, 0, 0, 0, 2])], {}, batch);
  check('Expand', [[2, 1, 3], i64([1, 4, 1])], {}, batch);
  check('Tile', [[2, 3], i64([1, 2])], {}, batch);
  check('Gather', [[2, 4], i64([1, 3, 1])], { axis: int(1) }, batch);
  check('Gather', [[5, 4], i64([1, 3, 1])], {}, batch);
  check('GatherElements', [[2, 4], i64([1, 3], [2, 1])], { axis: int(1) }, batch);
});

it('checks every rule of the table', () => {
  const withRule = Object.entries(gradientRules).flatMap(([op, rule]) => (typeof rule === 'function' ? [op] : []));
  expect(withRule.filter((op) => !checked.has(op))).toEqual([]);
});
