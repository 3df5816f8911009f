/**
 * Depthwise convolution in the batch-last layout, as batched matrix products.
 *
 * With activations as `[C, H, W, B]`, a depthwise convolution is a linear map of each channel's pixels that is the same
 * for every image: `y[c] = T[c] x[c]`, `x[c]` of shape `[H W, B]`, and `T[c] = w[c] . basis` with a constant 0/1 basis.
 * On larger maps T is cut into blocks of rows, each of which sees a window of input rows only. Runtimes reach ten times
 * the arithmetic speed in matrix products that they reach in grouped convolutions, which outweighs the zeros in T, until
 * there are too many of them (`depthwise-convolve.ts`).
 *
 * `DepthwiseConv(x [C,H,W,B], w [C,kh,kw]) -> y [C,Ho,Wo,B]` is a marker (`markerDomain`) that lives from the layout
 * pass until `passes/lower-depthwise`; its gradient rule and the lowering both call `applyMap` below.
 */

import { f32, type Graph, type Node, type Value } from '../ir/index.ts';
import type { Builder } from './builder.ts';
import { canConvolve, convolutionTime, convolve, gradientOfPatches, patchesTime } from './depthwise-convolve.ts';
import { type DepthwiseGeometry, type Direction, sizes } from './depthwise-geometry.ts';

export type { DepthwiseGeometry, Direction } from './depthwise-geometry.ts';

/** Reads the geometry off a `DepthwiseConv` node. */
export function geometryOf(node: Node): DepthwiseGeometry {
  const [channels, height, width, batch] = node.input(0).dims as [number, number, number, number];
  const pair = (name: string) => node.ints(name) as readonly number[] as readonly [number, number];
  return {
    channels,
    batch,
    input: [height, width],
    output: pair('output_size'),
    kernel: pair('kernel_shape'),
    strides: pair('strides'),
    pads: pair('pads'),
  };
}

/** A map in blocks of rows: block i makes `rows` output rows from `window` input rows that start at `starts[i]`. */
export interface BlockMap {
  readonly direction: Direction;
  readonly rows: number;
  readonly window: number;
  readonly starts: readonly number[];
}

/** Input rows that output row `r` reads, clipped to the map: first and last. */
function reach(g: DepthwiseGeometry, direction: Direction, r: number): [number, number] {
  const limit = sizes(g, direction).from[0] - 1;
  const clip = (v: number) => Math.min(limit, Math.max(0, v));
  if (direction === 'forward') {
    const first = r * g.strides[0] - g.pads[0];
    return [clip(first), clip(first + g.kernel[0] - 1)];
  }
  // x row r feeds y rows q with r = q s + k - pad, 0 <= k < kernel
  return [
    clip(Math.ceil((r + g.pads[0] - g.kernel[0] + 1) / g.strides[0])),
    clip(Math.floor((r + g.pads[0]) / g.strides[0])),
  ];
}

/** Largest constant basis that is worth its memory: 4 M elements. */
const maxBasis = 1 << 22;

/** Predicted nanoseconds on two Zen 4 cores; only their proportions matter. */
const cost = { multiplyAccumulate: 0.02, mapElement: 0.7, gatheredElement: 0.8 };

/** Chooses the block height with the least predicted time: products, elements of T, elements of gathered windows. */
function planBlocks(g: DepthwiseGeometry, direction: Direction): { map: BlockMap; time: number } {
  const { from, to } = sizes(g, direction);
  let best: { time: number; map: BlockMap } | undefined;
  for (let rows = to[0]; rows >= 1; rows--) {
    if (to[0] % rows !== 0) continue;
    const count = to[0] / rows;
    const ranges = Array.from({ length: count }, (_, i) => {
      const low = reach(g, direction, i * rows)[0];
      return [low, reach(g, direction, (i + 1) * rows - 1)[1]] as const;
    });
    const window = Math.max(...ranges.map(([low, high]) => high - low + 1));
    const starts = ranges.map(([low]) => Math.min(low, from[0] - window));
    const mapElements = count * rows * to[1] * window * from[1];
    if (mapElements * g.kernel[0] * g.kernel[1] > maxBasis && rows > 1) continue;
    const gathered = count > 1 ? count * window * from[1] * g.batch : 0;
    const time =
      g.channels *
      (mapElements * (g.batch * cost.multiplyAccumulate + cost.mapElement) + gathered * cost.gatheredElement);
    if (!best || time < best.time) best = { time, map: { direction, rows, window, starts } };
  }
  if (!best) throw new Error('internal: a depthwise map of no rows');
  return best;
}

/** The 0/1 matrix `[taps, blocks * rows * toWidth * window * fromWidth]` that spreads kernel taps over T. */
function makeBasis(g: DepthwiseGeometry, map: BlockMap): Float32Array {
  const { from, to } = sizes(g, map.direction);
  const [kh, kw] = g.kernel;
  const perBlock = map.rows * to[1] * map.window * from[1];
  const total = perBlock * map.starts.length;
  const basis = new Float32Array(kh * kw * total);
  for (const [block, start] of map.starts.entries()) {
    for (let row = 0; row < map.rows; row++) {
      const toRow = block * map.rows + row;
      for (let inner = 0; inner < map.window; inner++) {
        const fromRow = start + inner;
        const [x, y] = map.direction === 'forward' ? [fromRow, toRow] : [toRow, fromRow];
        const i = x - y * g.strides[0] + g.pads[0];
        if (i < 0 || i >= kh) continue;
        for (let toColumn = 0; toColumn < to[1]; toColumn++) {
          for (let fromColumn = 0; fromColumn < from[1]; fromColumn++) {
            const [u, v] = map.direction === 'forward' ? [fromColumn, toColumn] : [toColumn, fromColumn];
            const j = u - v * g.strides[1] + g.pads[1];
            if (j < 0 || j >= kw) continue;
            const at = ((row * to[1] + toColumn) * map.window + inner) * from[1] + fromColumn;
            basis[(i * kw + j) * total + block * perBlock + at] = 1;
          }
        }
      }
    }
  }
  return basis;
}

const bases = new WeakMap<Graph, Map<string, Value>>();

function basisOf(b: Builder, g: DepthwiseGeometry, map: BlockMap): Value {
  const key = JSON.stringify([g.input, g.output, g.kernel, g.strides, g.pads, map]);
  const table = bases.get(b.graph) ?? new Map<string, Value>();
  bases.set(b.graph, table);
  let basis = table.get(key);
  if (!basis || b.graph.find(basis.name) !== basis) {
    const data = makeBasis(g, map);
    const taps = g.kernel[0] * g.kernel[1];
    basis = b.graph.initializer('depthwise_basis', f32([taps, data.length / taps], data));
    table.set(key, basis);
  }
  return basis;
}

/** The map's matrices `T [C, blocks, rows * toWidth, window * fromWidth]` of the weights `w [C, kh, kw]`. */
function mapMatrices(b: Builder, g: DepthwiseGeometry, map: BlockMap, w: Value): Value {
  const { from, to } = sizes(g, map.direction);
  const taps = b.reshape(w, [g.channels, g.kernel[0] * g.kernel[1]]);
  const flat = b.matmul(taps, basisOf(b, g, map));
  return b.reshape(flat, [g.channels, map.starts.length, map.rows * to[1], map.window * from[1]]);
}

/** Input windows `[C, blocks, window * fromWidth, B]` of an activation `[C, H, W, B]`. */
function windows(b: Builder, g: DepthwiseGeometry, map: BlockMap, x: Value): Value {
  const { from } = sizes(g, map.direction);
  const dims = [g.channels, map.starts.length, map.window * from[1], g.batch];
  if (map.starts.length === 1 && map.window === from[0]) return b.reshape(x, dims);
  const rows = map.starts.flatMap((start) => Array.from({ length: map.window }, (_, i) => start + i));
  const gathered = b.op('Gather', [x, b.i64(rows)], { axis: { kind: 'int', value: 1 } });
  return b.reshape(gathered, dims);
}

/** The forward map (y from x) or the transposed one (dx from dy) applied to `x`, as `[C, H, W, B]`. */
export function applyMap(b: Builder, g: DepthwiseGeometry, direction: Direction, w: Value, x: Value): Value {
  const { to } = sizes(g, direction);
  const { map, time } = planBlocks(g, direction);
  if (canConvolve(g, direction) && convolutionTime(g, direction) < time) return convolve(b, g, direction, w, x);
  const y = b.matmul(mapMatrices(b, g, map, w), windows(b, g, map, x));
  return b.reshape(y, [g.channels, to[0], to[1], g.batch]);
}

/** The weights' gradient `[C, kh, kw]`: `dT = dy x'`, `dw = dT . basis'`, or from patches where T is large. */
export function weightGradient(b: Builder, g: DepthwiseGeometry, x: Value, dy: Value): Value {
  const { map, time } = planBlocks(g, 'forward');
  if (patchesTime(g) < time) return gradientOfPatches(b, g, x, dy);
  const blocks = map.starts.length;
  const rows = b.reshape(dy, [g.channels, blocks, map.rows * g.output[1], g.batch]);
  const dT = b.matmul(rows, b.transpose(windows(b, g, map, x), [0, 1, 3, 2]));
  const elements = blocks * map.rows * g.output[1] * map.window * g.input[1];
  const dw = b.gemm(b.reshape(dT, [g.channels, elements]), basisOf(b, g, map), { transB: true });
  return b.reshape(dw, [g.channels, ...g.kernel]);
}
