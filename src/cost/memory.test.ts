/** Peaks of small graphs, worked out by hand. Where nothing else is said, an element takes one byte. */

import { describe, expect, it, test } from 'vitest';
import { f32, Graph, type Shape, scalar, type Value } from '../ir/index.ts';
import { buildNetwork } from '../models/index.ts';
import { Builder } from '../ops/index.ts';
import { inferShapes } from '../passes/index.ts';
import { measureActivations } from './memory.ts';

/** A graph with an input, and a 1x1 convolution to write networks with. */
function start(shape: Shape) {
  const graph = new Graph('test');
  const b = new Builder(graph);
  const conv = (x: Value, filters: number, name: string) =>
    b.op('Conv', [x, b.constant(`${name}_w`, f32([filters, x.dims[1]!, 1, 1]))], {}, name);
  return { graph, b, conv, x: graph.input('x', 'float32', shape) };
}

function peak(outputs: readonly Value[], bytes = 1): readonly [number, string] {
  const graph = outputs[0]!.graph;
  graph.outputs = [...outputs];
  const { peakBytes, atNode } = measureActivations(graph, bytes);
  return [peakBytes, atNode];
}

describe('elementwise operators overwrite what is not read again', () => {
  test('a chain', () => {
    const { graph, b, conv, x } = start([1, 2, 4, 4]);
    const y = conv(b.relu(conv(x, 8, 'a')), 1, 'b');
    graph.outputs = [y];
    // a: 32 + 128; relu: 128; b: 128 + 16. The same as 16-bit values.
    const expected = { peakBytes: 160, atNode: "node 'a' (Conv)", inputBytes: 32, outputBytes: 16 };
    expect(measureActivations(graph, 1)).toEqual(expected);
    expect(measureActivations(graph, 2)).toEqual({ ...expected, peakBytes: 320, inputBytes: 64, outputBytes: 32 });
  });

  test('a residual connection', () => {
    const { b, conv, x } = start([1, 4, 4, 4]);
    const y = b.add(conv(b.relu(conv(x, 4, 'a')), 4, 'b'), x);
    // a: x, a; relu: the same; b: x, a, b; add: x, b. 64 bytes each.
    expect(peak([b.relu(y)])).toEqual([3 * 64, "node 'b' (Conv)"]);
  });

  test('any operand of an addition, if the other one is read again', () => {
    const { b, conv, x } = start([1, 4, 4, 4]);
    const sum = b.add(x, conv(x, 4, 'a'));
    // add overwrites a, since x is an output, too
    expect(peak([sum, x])).toEqual([2 * 64, "node 'a' (Conv)"]);
    // here both are: 3 values at the addition
    expect(peak([sum, x, sum.producer!.input(1)])).toEqual([3 * 64, "node 'add' (Add)"]);
  });

  test('squeeze and excite: the input of the graph, by the product', () => {
    const { b, conv, x } = start([1, 8, 4, 4]);
    const squeezed = b.relu(conv(b.op('GlobalAveragePool', [x]), 2, 'reduce'));
    const y = b.mul(x, b.op('Sigmoid', [conv(squeezed, 8, 'expand')]));
    // pool: 128 + 8; reduce: 128 + 8 + 2; expand: 128 + 2 + 8; product: 128 + 8
    expect(peak([y])).toEqual([138, "node 'reduce' (Conv)"]);
  });

  test('but not an output of the graph', () => {
    const { b, conv, x } = start([1, 1, 4, 4]);
    const h = conv(x, 2, 'a');
    const y = b.relu(h);
    // a: 16 + 32; relu: 32 + 32, or 32
    expect(peak([h, y])).toEqual([64, "node 'relu' (Relu)"]);
    expect(peak([y])).toEqual([48, "node 'a' (Conv)"]);
  });

  test('nor a value of another type, or a smaller one', () => {
    const { b, x } = start([4, 4]);
    const mask = b.greater(x, 0);
    // at 2 bytes: 32 + 16 for the mask; where overwrites x
    expect(peak([b.where(mask, x, 1)], 2)).toEqual([48, "node 'greater' (Greater)"]);
    const row = start([4]);
    // 4 + 16 for the sum with a constant of 4 x 4
    const y = row.b.add(row.x, row.b.constant('c', f32([4, 4])));
    expect(peak([y])).toEqual([20, "node 'add' (Add)"]);
  });
});

describe('views', () => {
  test('keep the bytes of an input alive', () => {
    const { b, x } = start([1, 2, 3]);
    const flat = b.reshape(x, [6]);
    // relu may overwrite x by its other name
    const h = b.relu(flat);
    expect(peak([h])).toEqual([6, "node 'reshape' (Reshape)"]);
    // but not if x is read later: 6 + 6; the addition overwrites h
    expect(peak([b.add(b.reshape(h, [1, 2, 3]), x)])).toEqual([12, "node 'relu' (Relu)"]);
  });

  test('have no second output', () => {
    const { graph, b, x } = start([2, 8]);
    const node = b.node('Dropout', [x], {}, 2);
    graph.outputs = [node.output(0), node.output(1)];
    // a mask of 16 booleans beside x at 4 bytes
    expect(measureActivations(graph, 4)).toMatchObject({ peakBytes: 64 + 16, outputBytes: 64 + 16 });
  });

  test('of a constant are constants', () => {
    const { graph, b, conv, x } = start([1, 2, 2, 2]);
    const shape = graph.input('shape', 'int64', [3]);
    const view = b.op('Reshape', [b.constant('c', f32([1, 2, 1, 1, 1])), shape]);
    view.type = { dtype: 'float32', shape: [1, 2, 1, 1] };
    // add overwrites a; shape takes 24 until the view is there, x is dead after a
    expect(peak([b.add(conv(x, 2, 'a'), view)])).toEqual([24 + 8, "node 'reshape' (Reshape)"]);
  });
});

describe('concatenations', () => {
  test('of a hybrid filter bank take no memory beside its parts', () => {
    const { b, conv, x } = start([1, 4, 2, 2]);
    const fp = conv(x, 3, 'fp');
    const scales = b.constant('a', f32([1, 4, 1, 1], [1, 2, 3, 4]));
    const ternary = conv(b.mul(conv(x, 4, 'hidden'), scales), 5, 'ternary');
    const y = b.relu(b.concat([fp, ternary], 1));
    // fp: 16 + 12; hidden: 16 + 12 + 16; scales: 12 + 16; ternary: 12 + 16 + 20; concat, relu: 32
    expect(peak([y])).toEqual([48, "node 'ternary' (Conv)"]);
  });

  test('of concatenations, too', () => {
    const { b, conv, x } = start([1, 1, 2, 2]);
    const first = conv(x, 1, 'a');
    const pair = b.concat([first, conv(first, 1, 'b')], 1);
    const triple = b.concat([pair, conv(pair, 1, 'c')], 1);
    // a: 4 + 4; b: 4 + 4; concat: 8; c: 8 + 4; concat and relu: 12
    expect(peak([b.relu(triple)])).toEqual([12, "node 'c' (Conv)"]);
  });

  test('copy what stands in two places', () => {
    const { b, conv, x } = start([1, 1, 4, 2]);
    const a = conv(x, 1, 'a');
    // a is in its first place, and copied to the second
    const twice = b.concat([a, a], 2);
    expect(peak([twice])).toEqual([16, "node 'a' (Conv)"]);
    const other = b.concat([a, conv(a, 1, 'b')], 2);
    // a, its copy, b; then the second concatenation copies a again: 16 + 8 + 8
    expect(peak([twice, other])).toEqual([32, "node 'concat_1' (Concat)"]);
  });

  test('copy constants and inputs of the graph', () => {
    const { b, x } = start([1, 3]);
    const y = b.concat([b.constant('token', f32([1, 2])), x], 1);
    // x, both copies; an input that relu has overwritten is where it was
    expect(peak([y])).toEqual([3 + 2 + 3, "node 'concat' (Concat)"]);
    expect(peak([b.concat([b.relu(y), b.relu(x)], 1)])).toEqual([11, "node 'concat_1' (Concat)"]);
  });

  test('are not overwritten while a part is read', () => {
    const { b, conv, x } = start([1, 1, 2, 2]);
    const [first, second] = [conv(x, 1, 'a'), conv(x, 1, 'b')];
    const pair = b.concat([first, second], 1);
    // relu: 8 + 8, as the first part is added later; the sum of 1 and 2 channels overwrites what relu made
    expect(peak([b.add(b.relu(pair), first)])).toEqual([16, "node 'relu' (Relu)"]);
  });

  test('are not overwritten by a product with one of their parts', () => {
    const { b, conv, x } = start([1, 1, 2, 2]);
    const [first, second] = [conv(x, 1, 'a'), conv(x, 1, 'b')];
    // the first channel of the product would destroy the factor of the second: 8 + 8
    expect(peak([b.mul(b.concat([first, second], 1), first)])).toEqual([16, "node 'mul' (Mul)"]);
  });

  test('lend their parts no more once they are dead', () => {
    const { b, conv, x } = start([1, 1, 2, 2]);
    const [first, second] = [conv(x, 1, 'a'), conv(x, 1, 'b')];
    const pooled = b.op('GlobalAveragePool', [b.concat([first, second], 1)]);
    // a, b: 4 + 4 + 4; pool: 8 + 2; relu overwrites the first part: 2 + 4
    expect(peak([pooled, b.relu(first)])).toEqual([12, "node 'b' (Conv)"]);
  });
});

describe('what is no activation', () => {
  it('is computed beforehand', () => {
    const { b, conv, x } = start([1, 2, 4, 4]);
    const weight = b.mul(b.constant('w', f32([8, 2, 1, 1])), b.constant('s', scalar(2)));
    const y = b.op('Conv', [x, weight], {}, 'a');
    expect(peak([y])).toEqual([32 + 128, "node 'a' (Conv)"]);
    // its shape is known without x, which is dead after the first node: 128 + 32 at the second
    const h = conv(y, 2, 'b');
    expect(peak([b.op('Reshape', [h, b.op('Shape', [x])])])).toEqual([32 + 128, "node 'a' (Conv)"]);
  });

  it('is a default value of an input', () => {
    const { graph, b, x } = start([4]);
    const scales = b.constant('scales', f32([4]));
    graph.inputs.push(scales);
    graph.outputs = [b.mul(scales, x)];
    expect(measureActivations(graph, 1)).toMatchObject({ peakBytes: 4, inputBytes: 4 });
  });
});

test('operators outside the tables take fresh memory', () => {
  const { b, x } = start([4]);
  const y = b.node('Mystery', [x], {}, 1, 'mystery', 'com.example').output();
  y.type = { dtype: 'float32', shape: [4] };
  expect(peak([b.relu(y)])).toEqual([8, "node 'mystery' (com.example.Mystery)"]);
});

test('inputs are alive from the start, read or not', () => {
  const { graph, b, conv, x } = start([1, 1, 2, 2]);
  graph.input('unread', 'int64', [2]);
  const late = graph.input('late', 'float32', [1, 4, 2, 2]);
  const y = b.add(conv(x, 4, 'a'), late);
  graph.outputs = [y];
  // a: 4 + 16 for unread + 16 for late + 16; the addition: 16 + 16
  expect(measureActivations(graph, 1)).toEqual({
    peakBytes: 52,
    atNode: "node 'a' (Conv)",
    inputBytes: 36,
    outputBytes: 16,
  });
});

test('a graph in which nothing runs', () => {
  const { graph, x } = start([5]);
  graph.outputs = [x, x];
  expect(measureActivations(graph, 1)).toEqual({ peakBytes: 5, atNode: '', inputBytes: 5, outputBytes: 5 });
});

test('parts of a byte are rounded up, value by value', () => {
  const { b, conv, x } = start([1, 3, 1, 1]);
  // 3 and 5 values of 4 bits
  expect(peak([b.relu(conv(x, 5, 'a'))], 0.5)).toEqual([2 + 3, "node 'a' (Conv)"]);
});

test('symbolic sizes and impossible bytes are errors', () => {
  const { graph, b, x } = start(['N', 3]);
  graph.outputs = [b.relu(x)];
  expect(() => measureActivations(graph, 1)).toThrow(expect.objectContaining({ code: 'E_SHAPE' }));
  for (const bytes of [0, -1, Number.NaN]) {
    expect(() => measureActivations(graph, bytes)).toThrow(expect.objectContaining({ code: 'E_USAGE' }));
  }
});

test('MobileNet-V1 0.5 at 224 pixels', () => {
  const options = { width: 0.5, inputSize: 224, channels: 3, classes: 1000, firstStride: 2, seed: 1 } as const;
  const graph = inferShapes(buildNetwork('mobilenet-v1', options), { bind: { N: 1 } });
  // A convolution's input and output are alive together; batch norm and ReLU work in place; nothing else is read later.
  //   conv       3 x 224 x 224 + 16 x 112 x 112 = 150528 + 200704 = 351232
  //   conv_dw_1 16 x 112 x 112 + 16 x 112 x 112 = 200704 + 200704 = 401408
  //   conv_pw_1 16 x 112 x 112 + 32 x 112 x 112 = 200704 + 401408 = 602112
  //   conv_dw_2 32 x 112 x 112 + 32 x 56 x 56   = 401408 + 100352 = 501760
  //   conv_pw_2 32 x 56 x 56 + 64 x 56 x 56     = 100352 + 200704 = 301056
  //   conv_dw_3 64 x 56 x 56, twice             = 200704 + 200704 = 401408, and less from there on
  const expected = { peakBytes: 2 * 602_112, atNode: "node 'conv_pw_1' (Conv)" };
  expect(measureActivations(graph, 2)).toEqual({ ...expected, inputBytes: 2 * 150_528, outputBytes: 2 * 1000 });
});
