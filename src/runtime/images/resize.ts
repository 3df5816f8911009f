/**
 * Fits an image to a size as `tritbank eval` does: the shorter side is brought to the target, the centre is taken. The
 * arithmetic follows libvips (`vips_resize`, kernel lanczos3), so that a page sees what training and evaluation saw:
 * first down, then across, each rounded to bytes. A reduction by 4 or more begins with a mean over boxes. Where an
 * image has to grow, bicubic (Catmull-Rom). Alpha is dropped (`images/decode.ts` has the rule). Measured against it: equal
 * within 2 of 255.
 */

import type { Pixels } from '../platform.ts';

/** Floats in 0..255, row by row. */
interface Plane {
  readonly width: number;
  readonly height: number;
  readonly data: Float32Array;
}

const lanczosRadius = 3;

const sinc = (x: number) => (x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x));
const lanczos = (x: number) => (Math.abs(x) < lanczosRadius ? sinc(x) * sinc(x / lanczosRadius) : 0);

function catmullRom(x: number): number {
  const a = Math.abs(x);
  if (a < 1) return 1.5 * a ** 3 - 2.5 * a ** 2 + 1;
  return a < 2 ? -0.5 * a ** 3 + 2.5 * a ** 2 - 4 * a + 2 : 0;
}

/** For each output the first input and the weights of those that it sees. */
interface Taps {
  readonly starts: Int32Array;
  readonly count: number;
  readonly weights: Float64Array;
}

/**
 * Taps for the outputs `from` to `from + size` of an axis. Those of a shorter axis reach `beyond` the inputs, half of
 * it at each end; those of a longer one begin half a pixel before the first input, as libvips has it.
 */
function tapsOf(size: number, from: number, ratio: number, beyond: number): Taps {
  const shrink = Math.max(1, ratio);
  const filter = ratio > 1 ? lanczos : catmullRom;
  const radius = Math.ceil((ratio > 1 ? lanczosRadius : 2) * shrink);
  const centreOf = (i: number) => (ratio < 1 ? i * ratio - 0.5 : (i + 0.5) * ratio - 0.5 - beyond / 2);
  const count = 2 * radius + 1;
  const starts = new Int32Array(size);
  const weights = new Float64Array(size * count);
  for (let i = 0; i < size; i++) {
    const centre = centreOf(i + from);
    const start = Math.floor(centre) - radius + 1;
    starts[i] = start;
    const row = weights.subarray(i * count, (i + 1) * count);
    for (let k = 0; k < count; k++) row[k] = filter((start + k - centre) / shrink);
    const sum = row.reduce((total, weight) => total + weight, 0);
    for (let k = 0; k < count; k++) row[k]! /= sum;
  }
  return { starts, count, weights };
}

/** Means over boxes of `box` inputs; the last one repeats the edge. */
function boxTaps(length: number, box: number): Taps {
  const size = Math.ceil(length / box);
  return {
    starts: Int32Array.from({ length: size }, (_, i) => i * box),
    count: box,
    weights: new Float64Array(size * box).fill(1 / box),
  };
}

/** One axis: boxes first where it shrinks by 4 or more, then the filter. */
function stagesOf(length: number, target: number, ratio: number): Taps[] {
  const whole = Math.round(length / ratio);
  const from = Math.floor((whole - target + 1) / 2);
  const box = Math.max(1, Math.floor(length / whole / 2));
  const taps = tapsOf(target, from, ratio / box, (whole * ratio - length) / box);
  return box === 1 ? [taps] : [boxTaps(length, box), taps];
}

const toByte = (x: number) => Math.min(Math.max(Math.round(x), 0), 255);

/** A plane filtered along its columns (`isDown`) or its rows; what is beyond the edge repeats it. */
function filterPlane(plane: Plane, { starts, count, weights }: Taps, isDown: boolean): Plane {
  const size = starts.length;
  const [length, lines] = isDown ? [plane.height, plane.width] : [plane.width, plane.height];
  const result: Plane = isDown
    ? { width: lines, height: size, data: new Float32Array(size * lines) }
    : { width: size, height: lines, data: new Float32Array(size * lines) };
  const [step, lineStep, toStep, toLine] = isDown ? [lines, 1, lines, 1] : [1, length, 1, size];
  for (let i = 0; i < size; i++) {
    for (let line = 0; line < lines; line++) {
      let sum = 0;
      for (let k = 0; k < count; k++) {
        const at = Math.min(Math.max(starts[i]! + k, 0), length - 1);
        sum += weights[i * count + k]! * plane.data[at * step + line * lineStep]!;
      }
      result.data[i * toStep + line * toLine] = toByte(sum);
    }
  }
  return result;
}

/** Interleaved bytes to planes. */
function separate({ data, width, height, channels }: Pixels): Plane[] {
  const count = width * height;
  return Array.from({ length: channels }, (_, c) => {
    const plane = new Float32Array(count);
    for (let i = 0; i < count; i++) plane[i] = data[i * channels + c]!;
    return { width, height, data: plane };
  });
}

/** Planes of bytes, grey or RGB, of `width` x `height`. */
export function fitImage(pixels: Pixels, width: number, height: number): Float32Array[] {
  const colours = separate(pixels).slice(0, 3);
  if (pixels.width === width && pixels.height === height) return colours.map(({ data }) => data);
  const ratio = Math.min(pixels.width / width, pixels.height / height);
  const [down, across] = [stagesOf(pixels.height, height, ratio), stagesOf(pixels.width, width, ratio)];
  const resample = (plane: Plane): Float32Array => {
    const tall = down.reduce((image, taps) => filterPlane(image, taps, true), plane);
    return across.reduce((image, taps) => filterPlane(image, taps, false), tall).data;
  };
  return colours.map(resample);
}
