/** What the units' ports get, cycle by cycle, while they compute the products of a layer. */

import type { Stimulus } from './activity.ts';
import type { LayerTrace, OperandBits } from './traces.ts';

export type StimulusOf = (cycle: number) => Stimulus;

/** Row after row of a pixel, pixel after pixel; some rows, so that many pixels come up. */
const rowsPerPixel = 4;

/** Which pixel, row and column a lane is at. */
function position({ columns, pixels, rows }: LayerTrace, step: number, steps = columns) {
  const row = Math.floor(step / steps);
  const pixel = Math.floor(row / rowsPerPixel) % pixels;
  return { at: step % steps, pixel, row: (row + pixel * rowsPerPixel) % rows };
}

/** `mac_lane`: a product a cycle. */
export const macStimulus =
  (trace: LayerTrace): StimulusOf =>
  (cycle) => {
    const { at, pixel, row } = position(trace, cycle);
    const { activations, weights, columns } = trace;
    return {
      enable: 1,
      first: at === 0 ? 1 : 0,
      x: activations[pixel * columns + at]!,
      weight: weights[row * columns + at]!,
    };
  };

/** `adder_lane` on lists: the next non-zeros of a row, `inputs` of them a cycle; the last cycle of a row may have fewer. */
export function adderStimulus(trace: LayerTrace, inputs: number, bits: OperandBits = 8): StimulusOf {
  const { columns, rows, pixels, activations, weights } = trace;
  const lists = Array.from({ length: rows }, (_, row) =>
    Array.from({ length: columns }, (_, column) => column).filter((column) => weights[row * columns + column] !== 0),
  );
  let [row, pixel, at, done] = [0, 0, 0, 0];
  return () => {
    const list = lists[row]!;
    let [x, add, subtract] = [0n, 0, 0];
    const first = at === 0 ? 1 : 0;
    for (let i = 0; i < inputs; i++) {
      const column = list[at + i];
      if (column === undefined) continue;
      x |= BigInt.asUintN(bits, BigInt(activations[pixel * columns + column]!)) << BigInt(bits * i);
      add |= 1 << i;
      if (weights[row * columns + column]! < 0) subtract |= 1 << i;
    }
    at += inputs;
    if (at >= list.length) {
      at = 0;
      row = (row + 1) % rows;
      done++;
      if (done % rowsPerPixel === 0) pixel = (pixel + 1) % pixels;
    }
    return { enable: 1, first, x, add, subtract };
  };
}

/** Additions that a stimulus of `adder_lane` asks for in its first cycles. */
export function countAdditions(stimulus: StimulusOf, from: number, cycles: number): number {
  let count = 0;
  for (let cycle = 0; cycle < from + cycles; cycle++) {
    const { add = 0 } = stimulus(cycle);
    if (cycle >= from) for (let bits = Number(add); bits !== 0; bits >>= 1) count += bits & 1;
  }
  return count;
}

/** Sums of the rows of a layer, one pixel after the other for each row, as `row_hold` gives them. */
export function sumsOf({ columns, pixels, activations, rows, weights }: LayerTrace): Int32Array {
  const sums = new Int32Array(rows * pixels);
  for (let row = 0; row < rows; row++) {
    for (let pixel = 0; pixel < pixels; pixel++) {
      let sum = 0;
      for (let c = 0; c < columns; c++) sum += weights[row * columns + c]! * activations[pixel * columns + c]!;
      sums[row * pixels + pixel] = sum;
    }
  }
  return sums;
}

/** `requantizer`: a sum a cycle; bias and multiplier change with the row, so that results spread over their range. */
export function requantizerStimulus(trace: LayerTrace): StimulusOf {
  const sums = sumsOf(trace);
  const { rows, pixels } = trace;
  const scales = Array.from({ length: rows }, (_, row) => {
    const own = sums.subarray(row * pixels, (row + 1) * pixels);
    const mean = own.reduce((a, b) => a + b, 0) / pixels;
    const deviation = Math.sqrt(own.reduce((a, b) => a + (b - mean) ** 2, 0) / pixels) || 1;
    // the multiplier is mantissa / 2^(16 + shift), with 24 bits in the mantissa
    const exponent = Math.floor(Math.log2(48 / deviation));
    const mantissa = Math.min(2 ** 24 - 1, Math.round((48 / deviation) * 2 ** (23 - exponent)));
    return { bias: -Math.round(mean), multiplier: mantissa, shift: Math.max(0, Math.min(63, 7 - exponent)) };
  });
  return (cycle) => {
    const at = cycle % sums.length;
    const row = Math.floor(at / pixels);
    const { bias, multiplier } = scales[row]!;
    // the shift belongs to the value that is two cycles ahead
    const { shift } = scales[Math.floor(Math.max(0, at - 2) / pixels)]!;
    return {
      is_addition: 0,
      is_second: 0,
      sum: sums[at]!,
      bias,
      multiplier,
      shift,
      zero_point: -128,
      lower: -128,
      upper: 127,
    };
  };
}

/** `row_hold`: takes the sums of `lanes` pixels, then gives one a cycle. */
export function holdStimulus(trace: LayerTrace, lanes: number, bits: number): StimulusOf {
  const sums = sumsOf(trace);
  return (cycle) => {
    const isLoad = cycle % lanes === 0;
    if (!isLoad) return { load: 0, advance: 1 };
    let word = 0n;
    for (let lane = 0; lane < lanes; lane++) {
      const sum = sums[(cycle + lane) % sums.length]!;
      word |= BigInt.asUintN(bits, BigInt(sum)) << BigInt(bits * lane);
    }
    return { load: 1, advance: 1, sums: word };
  };
}
