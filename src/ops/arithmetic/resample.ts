/**
 * Resize: which elements of an axis each output element is made of, and with which weights (opset 19's semantics;
 * coordinates in float32, as ONNX Runtime computes them). Left out: antialiasing and cropping to a region.
 */

import type { Dim, Node } from '../../ir/index.ts';
import { axisOf, misfit, unsupported } from './errors.ts';

/** Output element `i` of an axis is the sum of `weights[i taps + k] x[indices[i taps + k]]` over k. */
export interface Resampling {
  readonly taps: number;
  readonly indices: Int32Array;
  readonly weights: Float64Array;
}

/** One axis that is resized; `scale` as the file gives it or as the sizes make it. */
export interface ResizedAxis {
  readonly axis: number;
  readonly size: Dim;
  readonly scale: number | undefined;
}

const policies = ['stretch', 'not_larger', 'not_smaller'];

/**
 * New sizes of the axes that change. `scales` and `sizes` are the contents of inputs 2 and 3, of which one is there. A
 * symbolic size keeps its name where its scale is 1; undefined where it cannot be known.
 */
export function resizedAxes(
  node: Node,
  dims: readonly Dim[],
  scales: readonly number[] | undefined,
  sizes: readonly Dim[] | undefined,
): ResizedAxis[] | undefined {
  const rank = dims.length;
  const axes = node.ints('axes', [...dims.keys()]).map((axis) => axisOf(node, axis, rank));
  const given = scales ?? sizes;
  if (!given || given.length !== axes.length) {
    throw misfit(node, `${axes.length} scales or sizes`, given?.length ?? 'none');
  }
  if (scales) {
    if (!scales.every((scale) => scale > 0 && scale < Infinity))
      throw misfit(node, 'scales above 0', scales.join(', '));
    const resized = axes.map((axis, i) => {
      const [dim, scale] = [dims[axis]!, Math.fround(scales[i]!)];
      if (scale === 1) return { axis, size: dim, scale };
      return typeof dim === 'number' ? { axis, size: Math.floor(Math.fround(dim * scale)), scale } : undefined;
    });
    return resized.every((axis) => axis !== undefined) ? resized : undefined;
  }
  const policy = node.string('keep_aspect_ratio_policy', 'stretch');
  if (!policies.includes(policy)) throw unsupported(node, `keep_aspect_ratio_policy of ${policies.join(', ')}`, policy);
  const ratios = axes.map((axis, i) => {
    const [from, to] = [dims[axis]!, sizes![i]!];
    if (from === to) return 1;
    return typeof from === 'number' && typeof to === 'number' ? Math.fround(to / from) : undefined;
  });
  if (policy === 'stretch') return axes.map((axis, i) => ({ axis, size: sizes![i]!, scale: ratios[i] }));
  if (!ratios.every((ratio) => ratio !== undefined)) return undefined;
  const scale = policy === 'not_larger' ? Math.min(...ratios) : Math.max(...ratios);
  return axes.map((axis) => {
    const dim = dims[axis]!;
    return { axis, size: typeof dim === 'number' ? Math.round(scale * dim) : dim, scale };
  });
}

type Coordinates = (position: number) => number;

const f = Math.fround;

/** Where an output position lies between the input's elements, by `coordinate_transformation_mode`. */
function coordinatesOf(node: Node, from: number, to: number, scale: number): Coordinates {
  const mode = node.string('coordinate_transformation_mode', 'half_pixel');
  const half: Coordinates = (x) => f(f((x + 0.5) / scale) - 0.5);
  switch (mode) {
    case 'half_pixel':
      return half;
    case 'half_pixel_symmetric': {
      const offset = f((from / 2) * (1 - f(to / f(scale * from))));
      return (x) => f(offset + half(x));
    }
    case 'pytorch_half_pixel':
      return to > 1 ? half : () => 0;
    case 'align_corners':
      return to > 1 ? (x) => f((x * (from - 1)) / (to - 1)) : () => 0;
    case 'asymmetric':
      return (x) => f(x / scale);
    default:
      throw unsupported(node, 'a coordinate_transformation_mode without regions', mode);
  }
}

const nearestOf: Readonly<Record<string, (x: number) => number>> = {
  round_prefer_floor: (x) => Math.ceil(x - 0.5),
  round_prefer_ceil: (x) => Math.floor(x + 0.5),
  floor: Math.floor,
  ceil: Math.ceil,
};

/** Keys' cubic kernel at distance `s` (0 to 2). */
function cubic(s: number, a: number): number {
  const x = Math.abs(s);
  if (x <= 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  return x < 2 ? ((a * x - 5 * a) * x + 8 * a) * x - 4 * a : 0;
}

/** The resampling of an axis of `from` elements to `to`; E_UNSUPPORTED for modes that are left out. */
export function resample(node: Node, from: number, to: number, scale: number): Resampling {
  if (node.int('antialias', 0) !== 0) throw unsupported(node, 'no antialiasing', 'it');
  const mode = node.string('mode', 'nearest');
  const coordinate = coordinatesOf(node, from, to, scale);
  const inside = (i: number) => Math.min(Math.max(i, 0), from - 1);
  if (mode === 'nearest') {
    const name = node.string('nearest_mode', 'round_prefer_floor');
    const nearest = nearestOf[name];
    if (!nearest) throw unsupported(node, `nearest_mode of ${Object.keys(nearestOf).join(', ')}`, name);
    const indices = Int32Array.from({ length: to }, (_, i) => inside(nearest(coordinate(i))));
    return { taps: 1, indices, weights: new Float64Array(to).fill(1) };
  }
  if (mode !== 'linear' && mode !== 'cubic') throw unsupported(node, 'mode nearest, linear or cubic', mode);
  const taps = mode === 'linear' ? 2 : 4;
  const [indices, weights] = [new Int32Array(taps * to), new Float64Array(taps * to)];
  const a = node.float('cubic_coeff_a', -0.75);
  const excludes = mode === 'cubic' && node.int('exclude_outside', 0) === 1;
  for (let i = 0; i < to; i++) {
    const x = mode === 'linear' ? inside(coordinate(i)) : coordinate(i);
    const first = Math.floor(x) - (taps / 2 - 1);
    let sum = 0;
    for (let k = 0; k < taps; k++) {
      const isIn = first + k >= 0 && first + k < from;
      const weight = mode === 'linear' ? Math.max(0, 1 - Math.abs(x - first - k)) : cubic(x - first - k, a);
      indices[i * taps + k] = inside(first + k);
      weights[i * taps + k] = excludes && !isIn ? 0 : weight;
      sum += weights[i * taps + k]!;
    }
    if (excludes) for (let k = 0; k < taps; k++) weights[i * taps + k]! /= sum;
  }
  return { taps, indices, weights };
}

/** Elements outside and inside of an axis that is worked on: [outer, size, inner] are all of a tensor. */
export interface Line {
  readonly outer: number;
  readonly size: number;
  readonly inner: number;
}

/** Applies a resampling along one axis; `y` has the elements [outer, new size, inner]. */
export function blend(
  { taps, indices, weights }: Resampling,
  { outer, size, inner }: Line,
  x: ArrayLike<number>,
  y: { [index: number]: number },
): void {
  const count = indices.length / taps;
  for (let o = 0, at = 0; o < outer; o++) {
    for (let i = 0; i < count; i++) {
      for (let p = 0; p < inner; p++) {
        let sum = 0;
        for (let k = i * taps; k < (i + 1) * taps; k++) sum += weights[k]! * x[(o * size + indices[k]!) * inner + p]!;
        y[at++] = sum;
      }
    }
  }
}
