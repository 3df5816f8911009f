/** The last look at layers, on layers made by hand. */

import { describe, expect, it } from 'vitest';
import { printLayers } from '../../../test/print-layers.ts';
import type { BinaryLayer, ConvLayer, Layer, UnaryLayer } from '../lower/layers.ts';
import { type Activation, activationOf, newPlane } from '../lower/operand.ts';
import { overwriteOperands, rootOf, settle } from './settle.ts';

const dims = [1, 2, 1, 1];
const floats = () => activationOf(newPlane('float32', dims), dims);
const view = (scale = 0.5): Activation => ({
  ...activationOf(newPlane('int8', dims), dims),
  quantization: { scale, zeroPoint: 0, dtype: 'int8' },
});
const base = { name: 'n', op: 'Op' };

const unary = (x: Activation, y = floats()): [UnaryLayer, Activation] => [
  { ...base, kind: 'unary', x, y: y.plane, functions: [{ op: 'Neg' }] },
  y,
];

const sum = (a: Activation, b: Activation, y = floats()): [BinaryLayer, Activation] => [
  { ...base, kind: 'binary', operator: 'Add', a, b, y: y.plane, lower: -Infinity, upper: Infinity },
  y,
];

const conv = (x: Activation, more: Partial<ConvLayer> = {}): ConvLayer => ({
  ...{ ...base, kind: 'conv', x, y: floats().plane, groups: 1, lower: -Infinity, upper: Infinity },
  window: { kernel: [1, 1], strides: [1, 1], dilations: [1, 1], pads: [0, 0, 0, 0] },
  weights: { kind: 'int8', values: Int8Array.of(1, 2, 3, 4) },
  biases: new Float64Array(2),
  ...more,
});

const print = (x: Activation, layers: readonly Layer[], outputs: readonly Activation[]) =>
  `\n${printLayers({ layers, inputs: new Map([['x', x]]), outputs: new Map(outputs.map((y, i) => [`y${i}`, y])) })}\n`;

describe('settling', () => {
  it('drops what nobody reads', () => {
    const x = floats();
    const [used, y] = unary(x);
    const outputs = [y];
    expect(settle([unary(x)[0], used], outputs)).toEqual([used]);
  });

  it('dequantizes a view once for all layers of floats that read it', () => {
    const x = view();
    const [first, a] = unary(x);
    const [second, b] = sum(x, a);
    const outputs = [b];
    expect(print(x, settle([first, second], outputs), outputs)).toBe(`
dequantize x 0.5(q - 0) int8 [1, 2, 1, 1] -> p1 float32 2x1x1: 0.5(q - 0) int8
unary p1 [1, 2, 1, 1] -> p2 float32 2x1x1: Neg
binary p1 [1, 2, 1, 1] and p2 [1, 2, 1, 1] -> p3 float32 2x1x1: Add
output y0: p3 [1, 2, 1, 1]
`);
  });

  it('gives outputs as floats', () => {
    const x = view();
    const outputs = [x];
    const layers = settle([], outputs);
    expect(layers.map(({ kind }) => kind)).toEqual(['dequantize']);
    expect(outputs[0]).toMatchObject({ plane: layers[0]!.y });
    expect(outputs[0]!.quantization).toBeUndefined();
  });

  it('lets convolutions read integers, unless each channel has a filter of its own in floats', () => {
    const x = view();
    const layer = conv(x);
    expect(settle([layer], [{ ...floats(), plane: layer.y }])).toEqual([layer]);
    const depthwise = conv(x, { groups: 2, weights: { kind: 'int8', values: Int8Array.of(1, 2) } });
    const kinds = settle([depthwise], [{ ...floats(), plane: depthwise.y }]).map(({ kind }) => kind);
    expect(kinds).toEqual(['dequantize', 'conv']);
  });

  it('divides a convolution of integers whose biases do not fit', () => {
    const x = view();
    const y = view(0.25);
    const { quantization } = y;
    const layer = conv(x, { y: y.plane, biases: Float64Array.of(1, 1e10), quantization: quantization! });
    const kinds = settle([layer], [y]).map(({ kind }) => kind);
    expect(kinds).toEqual(['conv', 'quantize', 'dequantize']);
    const fitting = conv(x, { y: y.plane, biases: Float64Array.of(1, 1e3), quantization: quantization! });
    expect(settle([fitting], [y])[0]).toBe(fitting);
  });
});

describe('overwriting', () => {
  it('takes the planes of an operand that is read for the last time', () => {
    const x = floats();
    const [first, a] = unary(x);
    const [second, b] = unary(x);
    const [third, c] = sum(a, b);
    overwriteOperands([first, second, third], [c]);
    // x is read again by the second; the sum takes its first operand
    expect([first.y.home, second.y.home?.plane, third.y.home?.plane]).toEqual([undefined, x.plane, a.plane]);
    expect(rootOf(c.plane)).toEqual({ root: a.plane, channel: 0 });
  });

  it('leaves outputs, and planes of another size or type', () => {
    const x = floats();
    const [first, a] = unary(x);
    const [second, b] = sum(a, a);
    overwriteOperands([first, second], [x, a, b]);
    expect([first.y.home, second.y.home]).toEqual([undefined, undefined]);
    const small = activationOf(newPlane('float32', [1, 1, 1, 1]), [1, 1, 1, 1]);
    const [other] = unary(small);
    const [integers] = unary(view());
    overwriteOperands([other, integers], []);
    expect([other.y.home, integers.y.home]).toEqual([undefined, undefined]);
  });
});
