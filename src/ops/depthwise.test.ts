import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { evaluate, normal, relativeError } from '../../test/evaluate.ts';
import { elementCount, Graph, ints, type Tensor, toNumbers, verify } from '../ir/index.ts';
import { Builder } from './builder.ts';
import { applyMap, type DepthwiseGeometry, geometryOf, weightGradient } from './depthwise.ts';
import { canConvolve, convolve, gradientOfPatches } from './depthwise-convolve.ts';
import { depthwiseConv, markerDomain } from './names.ts';

type Pair = readonly [number, number];

interface Sizes {
  readonly channels: number;
  readonly batch: number;
  readonly input: Pair;
  readonly kernel: Pair;
  readonly strides: Pair;
  /** Before and after the rows, before and after the columns. */
  readonly pads: readonly [number, number, number, number];
}

function geometry({ channels, batch, input, kernel, strides, pads }: Sizes): DepthwiseGeometry {
  const size = (i: 0 | 1) => Math.floor((input[i] + pads[2 * i]! + pads[2 * i + 1]! - kernel[i]) / strides[i]) + 1;
  return { channels, batch, input, output: [size(0), size(1)], kernel, strides, pads: [pads[0], pads[2]] };
}

/** Calls `visit` with the indices of x, w and y of every product that the convolution sums up. */
function eachTap(g: DepthwiseGeometry, visit: (x: number, w: number, y: number) => void): void {
  const [[h, w], [ho, wo], [kh, kw]] = [g.input, g.output, g.kernel];
  for (let c = 0; c < g.channels; c++)
    for (let r = 0; r < ho; r++)
      for (let s = 0; s < wo; s++)
        for (let i = 0; i < kh; i++)
          for (let j = 0; j < kw; j++) {
            const [row, column] = [r * g.strides[0] + i - g.pads[0], s * g.strides[1] + j - g.pads[1]];
            if (row < 0 || row >= h || column < 0 || column >= w) continue;
            for (let n = 0; n < g.batch; n++) {
              const at = (rows: number, columns: number, a: number, b: number) =>
                ((c * rows + a) * columns + b) * g.batch + n;
              visit(at(h, w, row, column), (c * kh + i) * kw + j, at(ho, wo, r, s));
            }
          }
}

const xDims = (g: DepthwiseGeometry) => [g.channels, ...g.input, g.batch];
const yDims = (g: DepthwiseGeometry) => [g.channels, ...g.output, g.batch];
const wDims = (g: DepthwiseGeometry) => [g.channels, ...g.kernel];

/** The three maps in the graph, and which operators they are made of. */
function inGraph(g: DepthwiseGeometry, x: Tensor, w: Tensor, dy: Tensor) {
  const graph = new Graph('depthwise');
  const b = new Builder(graph);
  const inputs = { x: graph.input('x', 'float32', xDims(g)), w: graph.input('w', 'float32', wDims(g)) };
  const gradient = graph.input('dy', 'float32', yDims(g));
  const y = applyMap(b, g, 'forward', inputs.w, inputs.x);
  const ops = graph.nodes.map((n) => n.op);
  const dx = applyMap(b, g, 'backward', inputs.w, gradient);
  const dw = weightGradient(b, g, inputs.x, gradient);
  // whatever the sizes make of them, the other forms too
  const also = {
    y: canConvolve(g, 'forward') ? convolve(b, g, 'forward', inputs.w, inputs.x) : y,
    dx: canConvolve(g, 'backward') ? convolve(b, g, 'backward', inputs.w, gradient) : dx,
    dw: gradientOfPatches(b, g, inputs.x, gradient),
  };
  for (const found of [{ y, dx, dw }, also]) {
    expect([found.y, found.dx, found.dw].map((v) => v.shape)).toEqual([yDims(g), xDims(g), wDims(g)]);
  }
  const all = [y, dx, dw, also.y, also.dx, also.dw];
  graph.outputs = [
    b.concat(
      all.map((v) => b.reshape(v, [-1])),
      0,
    ),
  ];
  const values = evaluate(verify(graph), { x, w, dy });
  let end = 0;
  const [y1, dx1, dw1, y2, dx2, dw2] = all.map((v) => {
    end += elementCount(v.dims);
    return values.slice(end - elementCount(v.dims), end);
  });
  return { ops, y: [y1!, y2!], dx: [dx1!, dx2!], dw: [dw1!, dw2!] };
}

function expectMaps(sizes: Sizes): string[] {
  const g = geometry(sizes);
  const [x, w, dy] = [normal(1, xDims(g)), normal(2, wDims(g)), normal(3, yDims(g))];
  const [xs, ws, dys] = [toNumbers(x), toNumbers(w), toNumbers(dy)];
  const [y, dx, dw] = [dys, xs, ws].map((v) => Array<number>(v.length).fill(0)) as [number[], number[], number[]];
  eachTap(g, (i, k, o) => {
    y[o]! += xs[i]! * ws[k]!;
    dx[i]! += dys[o]! * ws[k]!;
    dw[k]! += dys[o]! * xs[i]!;
  });
  const found = inGraph(g, x, w, dy);
  for (const values of found.y) expect(relativeError(values, y)).toBeLessThan(1e-5);
  for (const values of found.dx) expect(relativeError(values, dx)).toBeLessThan(1e-5);
  for (const values of found.dw) expect(relativeError(values, dw)).toBeLessThan(1e-5);
  return found.ops;
}

const square: Sizes = { channels: 2, batch: 3, input: [6, 6], kernel: [3, 3], strides: [1, 1], pads: [1, 1, 1, 1] };

describe('applyMap and weightGradient', () => {
  it('are one matrix product on small maps', () => {
    const small = { ...square, batch: 8, input: [4, 4] } as const;
    expect(expectMaps(small)).toEqual(['Reshape', 'MatMul', 'Reshape', 'Reshape', 'MatMul', 'Reshape']);
  });

  it('are products of blocks of rows on larger maps', () => {
    const ops = expectMaps({ ...square, channels: 1, batch: 16, input: [12, 12], strides: [2, 2] });
    expect(ops.filter((op) => op === 'Gather')).toHaveLength(1);
  });

  it('are the sum of four convolutions on large maps with stride 2, of every second row and column', () => {
    const ops = expectMaps({ ...square, channels: 1, batch: 1, input: [32, 32], strides: [2, 2] });
    expect(ops.filter((op) => op === 'Conv')).toHaveLength(4);
    expect(ops.slice(-2)).toEqual(['Sum', 'Reshape']);
  });

  it('are a dilated convolution where products would cost more', () => {
    const ops = expectMaps(square);
    expect(ops).toEqual(['Reshape', 'Reshape', 'Conv', 'Reshape']);
  });

  it.each<[string, Partial<Sizes>]>([
    ['rows that the stride leaves unread', { input: [2, 1], kernel: [3, 2], strides: [2, 1], pads: [2, 0, 0, 1] }],
    ['stride 2', { strides: [2, 2] }],
    ['a stride per axis', { strides: [1, 2], input: [5, 8] }],
    ['strides beyond the kernel', { kernel: [1, 2], strides: [3, 3], pads: [0, 0, 0, 0] }],
    ['padding after the end only', { strides: [2, 2], pads: [0, 1, 0, 1] }],
    ['no padding', { pads: [0, 0, 0, 0] }],
    ['a kernel as large as the image', { input: [4, 3], kernel: [4, 3], pads: [0, 0, 0, 0] }],
    ['a kernel larger than the image', { input: [2, 2], kernel: [5, 5], pads: [2, 2, 2, 2] }],
    ['a kernel of one element', { kernel: [1, 1], pads: [0, 0, 0, 0] }],
    ['one pixel', { input: [1, 1] }],
    ['one image', { batch: 1 }],
  ])('%s', (_, changes) => {
    expectMaps({ ...square, ...changes });
  });

  it('sum up the products of the convolution, whatever its sizes', () => {
    const pair = (min: number, max: number) => fc.tuple(fc.integer({ min, max }), fc.integer({ min, max }));
    const pad = fc.integer({ min: 0, max: 3 });
    const sizes = fc
      .record({
        channels: fc.integer({ min: 1, max: 2 }),
        batch: fc.integer({ min: 1, max: 5 }),
        input: pair(1, 12),
        kernel: pair(1, 4),
        strides: pair(1, 3),
        pads: fc.tuple(pad, pad, pad, pad),
      })
      .filter((s: Sizes) => [0, 1].every((i) => s.pads[2 * i]! < s.kernel[i]! && s.pads[2 * i + 1]! < s.kernel[i]!))
      .filter((s: Sizes) => geometry(s).output.every((n) => n > 0));
    fc.assert(
      fc.property(sizes, (s: Sizes) => void expectMaps(s)),
      { numRuns: 40 },
    );
  });
});

it('reads its sizes off the marker', () => {
  const g = geometry({ ...square, input: [6, 8], strides: [2, 1] });
  const graph = new Graph('marker');
  const inputs = [graph.input('x', 'float32', xDims(g)), graph.input('w', 'float32', wDims(g))];
  const attributes = {
    kernel_shape: ints(g.kernel),
    strides: ints(g.strides),
    pads: ints(g.pads),
    output_size: ints(g.output),
  };
  const node = new Builder(graph).node(depthwiseConv, inputs, attributes, 1, undefined, markerDomain);
  expect(geometryOf(node)).toEqual(g);
  expect(node.output().shape).toEqual(yDims(g));
});
