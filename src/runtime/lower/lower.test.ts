/** What graphs are lowered to: one idea, each operator's layers as text. */

import { describe, expect, it } from 'vitest';
import { printLayers } from '../../../test/print-layers.ts';
import { type Attributes, f32, float, Graph, i64, int, ints, type Tensor, type Value } from '../../ir/index.ts';
import { prepareGraph } from '../prepare-graph.ts';
import { type Lowered, lower } from './lower.ts';

class Sketch {
  readonly graph = new Graph('g');

  input(...dims: number[]): Value {
    return this.graph.input('x', 'float32', dims);
  }

  constant(tensor: Tensor): Value {
    return this.graph.initializer('c', tensor);
  }

  op(op: string, inputs: (Value | undefined)[], attributes: Attributes = {}): Value {
    return this.graph.add(op, inputs, attributes).output();
  }

  /** Weights that count up from `first`, with a bias of ones. */
  conv(x: Value, dims: number[], attributes: Attributes = {}, first = 2): Value {
    const count = dims.reduce((n, d) => n * d, 1);
    const weights = this.constant(
      f32(
        dims,
        Array.from({ length: count }, (_, i) => first + i),
      ),
    );
    return this.op('Conv', [x, weights, this.constant(f32([dims[0]!], new Array(dims[0]).fill(1)))], attributes);
  }

  lower(...outputs: Value[]): Lowered {
    this.graph.outputs = outputs;
    const dims = new Map(this.graph.inputs.map(({ name, dims }) => [name, dims]));
    return lower(prepareGraph(this.graph), dims);
  }

  print(...outputs: Value[]): string {
    return `\n${printLayers(this.lower(...outputs))}\n`;
  }
}

const int8 = (dims: number[], ...values: number[]): Tensor => ({ dtype: 'int8', dims, data: Int8Array.from(values) });

describe('convolutions', () => {
  it('take in what follows them', () => {
    const s = new Sketch();
    const y = s.conv(s.input(1, 1, 4, 4), [2, 1, 1, 1]);
    const statistics = [f32([2], [2, 4]), f32([2], [0, 1]), f32([2], [1, 0]), f32([2], [4, 1])];
    const bn = s.op('BatchNormalization', [y, ...statistics.map((t) => s.constant(t))], { epsilon: float(0) });
    const scaled = s.op('Mul', [bn, s.constant(f32([], [0.5]))]);
    const clipped = s.op('Clip', [s.op('Relu', [scaled]), undefined, s.constant(f32([], [6]))]);
    // (w x + 1 - mean) scale / sqrt(variance) + shift: times 1, 4; plus 0, 5; then a half of both
    expect(s.print(clipped)).toBe(`
conv x [1, 1, 4, 4] -> p1 float32 2x4x4: 1x1 float32; by [0.5, 2]; plus [0, 2.5]; in 0..6
output clip: p1 [1, 2, 4, 4]
`);
  });

  it('take nothing in that others see without it', () => {
    const s = new Sketch();
    const y = s.conv(s.input(1, 1, 2, 2), [1, 1, 1, 1]);
    expect(s.print(s.op('Relu', [y]), y)).toBe(`
conv x [1, 1, 2, 2] -> p1 float32 1x2x2: 1x1 float32; plus [1]
unary p1 [1, 1, 2, 2] -> p2 float32 1x2x2: Clip
output relu: p2 [1, 1, 2, 2]
output conv: p1 [1, 1, 2, 2]
`);
  });

  it('take in the zeros around their image, not those of one that others read', () => {
    const s = new Sketch();
    const x = s.input(1, 1, 3, 3);
    const padded = s.op('Pad', [x, s.constant(i64([0, 0, 1, 0, 0, 0, 2, 1]))]);
    expect(s.print(s.conv(padded, [1, 1, 3, 2], { pads: ints([0, 1, 0, 0]), strides: ints([1, 2]) }))).toBe(`
conv x [1, 1, 3, 3] -> p1 float32 1x4x2: 3x2 float32; strides 1,2; pads 1,1,2,1; plus [1]
output conv: p1 [1, 1, 4, 2]
`);
  });

  it('see trits in floats', () => {
    const s = new Sketch();
    const w = s.constant(f32([2, 2, 1, 1], [1, 0, -1, 1]));
    expect(s.print(s.op('Conv', [s.input(1, 2, 2, 2), w]))).toContain(': 1x1 ternary\n');
  });

  it('are what Gemm and MatMul are, for one row', () => {
    const s = new Sketch();
    const x = s.input(1, 2);
    const w = s.constant(f32([2, 3], [1, 2, 3, 4, 5, 6]));
    const gemm = s.op('Gemm', [x, w, s.constant(f32([3], [1, 2, 3]))], { alpha: float(0.5), beta: float(2) });
    const lowered = s.lower(gemm, s.op('MatMul', [x, w]));
    expect(`\n${printLayers(lowered)}\n`).toBe(`
conv x [1, 2] -> p1 float32 3x1x1: 1x1 float32; by [0.5, 0.5, 0.5]; plus [2, 4, 6]
conv x [1, 2] -> p2 float32 3x1x1: 1x1 float32
output gemm: p1 [1, 3]
output matmul: p2 [1, 3]
`);
    const [layer] = lowered.layers;
    expect(layer?.kind === 'conv' && [...(layer.weights.values as Float32Array)]).toEqual([1, 4, 2, 5, 3, 6]);
  });
});

describe('movement', () => {
  it('of channels last costs nothing in front of a convolution and behind it', () => {
    const s = new Sketch();
    const first = s.op('Transpose', [s.input(1, 4, 4, 3)], { perm: ints([0, 3, 1, 2]) });
    const relu = s.op('Relu', [s.conv(first, [2, 3, 1, 1])]);
    const last = s.op('Transpose', [relu], { perm: ints([0, 2, 3, 1]) });
    const back = s.op('Transpose', [last], { perm: ints([0, 3, 1, 2]) });
    expect(s.print(s.conv(back, [1, 2, 1, 1]))).toBe(`
move x [1, 4, 4, 3] -> p1 float32 3x4x4: dims 1,3,4,4; strides 48,1,12,3; from 0
conv p1 [1, 3, 4, 4] -> p2 float32 2x4x4: 1x1 float32; plus [1, 1]; in 0..Infinity
conv p2 [1, 2, 4, 4] -> p3 float32 1x4x4: 1x1 float32; plus [1]
output conv_1: p3 [1, 1, 4, 4]
`);
  });

  it('is a view where planes stay what they are', () => {
    const s = new Sketch();
    const x = s.input(1, 4, 2, 3);
    const y = s.op('Reshape', [
      s.op('Squeeze', [s.op('Unsqueeze', [x, s.constant(i64([2]))]), s.constant(i64([2]))]),
      s.constant(i64([0, 4, 6])),
    ]);
    expect(s.print(s.op('Neg', [y]))).toBe(`
unary x [1, 4, 6] -> p1 float32 4x1x6: Neg
output neg: p1 [1, 4, 6]
`);
  });

  it('is one step for a slice, and picks channels by number', () => {
    const s = new Sketch();
    const x = s.input(1, 4, 2, 3);
    const list = (...values: number[]) => s.constant(i64(values));
    const cut = s.op('Slice', [x, list(-1, 0), list(-9, 2), list(2, 3), list(-1, 2)]);
    const picked = s.op('Gather', [x, list(3, -4)], { axis: int(1) });
    expect(s.print(cut, picked)).toBe(`
move x [1, 4, 2, 3] -> p1 float32 4x2x1: dims 1,4,2,1; strides 24,6,-3,1; from 3
channels x [1, 4, 2, 3] -> p2 float32 2x2x3: [3, 0]
output slice: p1 [1, 4, 2, 1]
output gather: p2 [1, 2, 2, 3]
`);
  });

  it('puts the parts of a concatenation in their places', () => {
    const s = new Sketch();
    const x = s.input(1, 1, 2, 2);
    const parts = [s.conv(x, [2, 1, 1, 1]), s.conv(x, [1, 1, 1, 1], {}, 3), x];
    expect(s.print(s.op('Relu', [s.op('Concat', parts, { axis: int(1) })]))).toBe(`
conv x [1, 1, 2, 2] -> p1 float32 2x2x2: 1x1 float32; plus [1, 1]; at p2:0
conv x [1, 1, 2, 2] -> p3 float32 1x2x2: 1x1 float32; plus [1]; at p2:2
channels x [1, 1, 2, 2] -> p4 float32 1x2x2: [0]; at p2:3
concat p1 [1, 2, 2, 2] and p3 [1, 1, 2, 2] and p4 [1, 1, 2, 2] -> p2 float32 4x2x2
unary p2 [1, 4, 2, 2] -> p5 float32 4x2x2: Clip
output relu: p5 [1, 4, 2, 2]
`);
  });

  it('hands what follows a concatenation on to parts that all can take it', () => {
    const s = new Sketch();
    const x = s.input(1, 1, 2, 2);
    const parts = [s.conv(x, [2, 1, 1, 1]), s.conv(x, [1, 1, 1, 1], {}, 3)];
    const bank = s.op('Concat', parts, { axis: int(1) });
    const scaled = s.op('Mul', [bank, s.constant(f32([3, 1, 1], [2, 3, 4]))]);
    expect(s.print(s.op('Relu', [scaled]))).toBe(`
conv x [1, 1, 2, 2] -> p1 float32 2x2x2: 1x1 float32; by [2, 3]; plus [2, 3]; in 0..Infinity; at p2:0
conv x [1, 1, 2, 2] -> p3 float32 1x2x2: 1x1 float32; by [4]; plus [4]; in 0..Infinity; at p2:2
concat p1 [1, 2, 2, 2] and p3 [1, 1, 2, 2] -> p2 float32 3x2x2
output relu: p2 [1, 3, 2, 2]
`);
  });

  it('by a shape that is computed is one by a constant', () => {
    const s = new Sketch();
    const x = s.input(1, 4, 2, 3);
    const part = s.op('Shape', [x], { start: int(0), end: int(2) });
    const shape = s.op('Concat', [part, s.constant(i64([-1]))], { axis: int(0) });
    const lowered = s.lower(s.op('Relu', [s.op('Reshape', [x, shape])]));
    expect(printLayers(lowered)).toContain('output relu: p1 [1, 4, 6]');
    expect(lowered.mixesBatch).toBeUndefined();
  });

  it('of the batch is remembered', () => {
    const s = new Sketch();
    const flat = s.op('Reshape', [s.input(1, 4, 2, 3), s.constant(i64([1, 24]))]);
    expect(s.lower(s.op('Relu', [flat])).mixesBatch?.op).toBe('Reshape');
    const t = new Sketch();
    const kept = t.op('Reshape', [t.input(1, 4, 2, 3), t.constant(i64([-1, 24]))]);
    expect(t.lower(t.op('Relu', [kept])).mixesBatch).toBeUndefined();
    const sliced = (end: number) => {
      const u = new Sketch();
      const ends = u.constant(i64([end]));
      const zero = u.constant(i64([0]));
      return u.lower(u.op('Relu', [u.op('Slice', [u.input(1, 4, 2, 3), zero, ends, zero])])).mixesBatch?.op;
    };
    expect([sliced(1), sliced(2 ** 31 - 1)]).toEqual(['Slice', undefined]);
  });
});

describe('pools and functions', () => {
  it('of whole planes, of windows, along rows', () => {
    const s = new Sketch();
    const x = s.input(1, 2, 4, 6);
    const window = { kernel_shape: ints([2, 3]), strides: ints([2, 2]), pads: ints([0, 1, 0, 1]) };
    const outputs = [
      s.op('GlobalMaxPool', [x]),
      s.op('AveragePool', [x], { ...window, count_include_pad: int(1) }),
      s.op('ReduceMean', [x, s.constant(i64([-1]))], { keepdims: int(0) }),
    ];
    expect(s.print(...outputs)).toBe(`
pool x [1, 2, 4, 6] -> p1 float32 2x1x1: maximum; 4x6
pool x [1, 2, 4, 6] -> p2 float32 2x2x3: average; 2x3; pads counted
pool x [1, 2, 4, 6] -> p3 float32 2x4x1: average; 1x6
output globalmaxpool: p1 [1, 2, 1, 1]
output averagepool: p2 [1, 2, 2, 3]
output reducemean: p3 [1, 2, 4]
`);
  });

  it('of one number are one layer', () => {
    const s = new Sketch();
    const x = s.input(1, 2, 2, 2);
    const y = s.op('Tanh', [s.op('HardSigmoid', [s.op('Abs', [x])], { alpha: float(0.3) })]);
    expect(s.print(s.op('Softmax', [y], { axis: int(1) }))).toBe(`
unary x [1, 2, 2, 2] -> p1 float32 2x2x2: Abs,HardSigmoid,Tanh
softmax p1 [1, 2, 2, 2] -> p2 float32 2x2x2: size 2; inner 4
output softmax: p2 [1, 2, 2, 2]
`);
  });

  it('of two operands: channels and pixels are not spread, other shapes are', () => {
    const s = new Sketch();
    const x = s.input(1, 2, 2, 2);
    const gate = s.op('GlobalAveragePool', [x]);
    const row = s.op('ReduceMax', [x, s.constant(i64([2]))]);
    expect(s.print(s.op('Mul', [gate, x]), s.op('Sub', [row, x]))).toBe(`
pool x [1, 2, 2, 2] -> p1 float32 2x1x1: average; 2x2
pool x [1, 2, 2, 2] -> p2 float32 2x1x2: maximum; 2x1
binary x [1, 2, 2, 2] and p1 [1, 2, 1, 1] -> p3 float32 2x2x2: Mul
move p2 [1, 2, 1, 2] -> p4 float32 2x2x2: dims 1,2,2,2; strides 0,2,0,1; from 0
binary p4 [1, 2, 2, 2] and x [1, 2, 2, 2] -> p5 float32 2x2x2: Sub
output mul: p3 [1, 2, 2, 2]
output sub: p5 [1, 2, 2, 2]
`);
  });

  it('with a constant are affine by channels, or take its elements', () => {
    const s = new Sketch();
    const x = s.input(1, 2, 1, 2);
    const channels = s.constant(f32([2, 1, 1], [2, 4]));
    const elements = s.constant(f32([2], [1, 3]));
    const outputs = [s.op('Sub', [channels, x]), s.op('Div', [x, channels]), s.op('Add', [x, elements])];
    expect(s.print(...outputs)).toBe(`
affine x [1, 2, 1, 2] -> p1 float32 2x1x2: by [-1, -1]; plus [2, 4]
affine x [1, 2, 1, 2] -> p2 float32 2x1x2: by [0.5, 0.25]; plus [0, 0]
binary x [1, 2, 1, 2] -> p3 float32 2x1x2: Add; [1, 3, 1, 3]
output sub: p1 [1, 2, 1, 2]
output div: p2 [1, 2, 1, 2]
output add: p3 [1, 2, 1, 2]
`);
  });
});

describe('quantization', () => {
  /** x in steps of `scale`, zero at `zero` of uint8. */
  function round(s: Sketch, x: Value, scale: number, zero: number): Value {
    const levels = [s.constant(f32([], [scale])), s.constant({ dtype: 'uint8', dims: [], data: Uint8Array.of(zero) })];
    return s.op('DequantizeLinear', [s.op('QuantizeLinear', [x, ...levels]), ...levels]);
  }

  it('around a convolution makes it one of integers', () => {
    const s = new Sketch();
    const w = s.op('DequantizeLinear', [s.constant(int8([2, 1, 1, 1], 3, -5)), s.constant(f32([2], [0.5, 0.25]))], {
      axis: int(0),
    });
    const x = round(s, s.input(1, 1, 2, 2), 0.1, 128);
    expect(s.print(round(s, s.op('Relu', [s.op('Conv', [x, w])]), 0.2, 0))).toBe(`
quantize x [1, 1, 2, 2] -> p1 int8 1x2x2: 0.10000000149011612(q - 0) uint8
conv p1 0.10000000149011612(q - 0) uint8 [1, 1, 2, 2] -> p2 int8 2x2x2: 1x1 int8; scales [0.5, 0.25]; in 0..Infinity; 0.20000000298023224(q - -128) uint8
output dequantizelinear_2: p2 0.20000000298023224(q - -128) uint8 [1, 2, 2, 2]
`);
  });

  it('with the same levels is nothing, with others a table', () => {
    const s = new Sketch();
    const x = round(s, s.input(1, 1, 2, 2), 0.5, 128);
    expect(s.print(round(s, x, 0.5, 128), round(s, x, 0.25, 128))).toBe(`
quantize x [1, 1, 2, 2] -> p1 int8 1x2x2: 0.5(q - 0) uint8
unary p1 0.5(q - 0) uint8 [1, 1, 2, 2] -> p2 int8 1x2x2: 0.25(q - 0) uint8
output dequantizelinear_1: p1 0.5(q - 0) uint8 [1, 1, 2, 2]
output dequantizelinear_2: p2 0.25(q - 0) uint8 [1, 1, 2, 2]
`);
  });

  it('of a maximum passes through', () => {
    const s = new Sketch();
    const x = round(s, s.input(1, 1, 2, 2), 0.5, 128);
    expect(s.print(round(s, s.op('MaxPool', [x], { kernel_shape: ints([2, 2]) }), 0.5, 128))).toBe(`
quantize x [1, 1, 2, 2] -> p1 int8 1x2x2: 0.5(q - 0) uint8
pool p1 0.5(q - 0) uint8 [1, 1, 2, 2] -> p2 int8 1x1x1: maximum; 2x2
output dequantizelinear_1: p2 0.5(q - 0) uint8 [1, 1, 1, 1]
`);
  });
});

describe('what is refused', () => {
  it.each<[string, (s: Sketch) => Value, code: string, detail: RegExp]>([
    [
      'channels that do not fit',
      (s) => s.conv(s.input(1, 3, 4, 4), [2, 2, 1, 1]),
      'E_SHAPE',
      /^expected channels and filters that are multiples of the groups, found 3 and 2 in 1 groups of 2 inputs$/,
    ],
    [
      'weights that are computed',
      (s) => {
        const x = s.input(1, 2, 1, 1);
        return s.op('Conv', [x, x]);
      },
      'E_UNSUPPORTED',
      /^expected a constant as input 1, found a computed one$/,
    ],
    [
      'a window that is larger than its image',
      (s) => s.op('MaxPool', [s.input(1, 1, 2, 2)], { kernel_shape: ints([3, 3]) }),
      'E_SHAPE',
      /^expected a window of at most 2 elements, found 3$/,
    ],
    [
      'shapes that do not broadcast',
      (s) => {
        const x = s.input(1, 1, 4, 4);
        return s.op('Add', [x, s.conv(x, [1, 1, 2, 2])]);
      },
      'E_SHAPE',
      /^expected shapes that broadcast, found \[1, 1, 4, 4\] and \[1, 1, 3, 3\]$/,
    ],
  ])('%s', (_, build, code, detail) => {
    const s = new Sketch();
    expect(() => s.lower(build(s))).toThrow(expect.objectContaining({ code, detail: expect.stringMatching(detail) }));
  });
});
