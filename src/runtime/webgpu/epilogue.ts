/** What follows the sums of a row, in WGSL, for both kinds of results. */

import type { Epilogue } from '../kernels/kernels.ts';

type Numbers = Readonly<Record<string, number>>;

/** The numbers that `finish` reads. */
export function epilogueNumbers(epilogue: Epilogue): { readonly integers: Numbers; readonly floats: Numbers } {
  const { biases, multipliers, lower, upper } = epilogue;
  if (epilogue.type === 'int8') {
    const { zeroPoint } = epilogue;
    return { integers: { biases, multipliers, zero_point: zeroPoint, lower, upper: upper as number }, floats: {} };
  }
  const uppers = typeof upper === 'number' ? 0 : upper.address;
  const bounds = { lower, upper: typeof upper === 'number' ? upper : Number.POSITIVE_INFINITY };
  return { integers: { biases, multipliers, uppers }, floats: bounds };
}

/**
 * `finish(sums, row, address)` stores four results. `sum`: the type of the sums; int8 results are those of the kernels
 * to the bit, since each operation of the formula is rounded once, to nearest.
 */
export const finishCode = (type: Epilogue['type'], sum: 'i32' | 'f32'): string =>
  type === 'int8'
    ? `
fn finish(sums: vec4<i32>, row: i32, address: i32) {
  let totals = vec4<f32>(sums + integer(call.biases + 4 * row));
  let scaled = round(totals * float(call.multipliers + 4 * row));
  let whole = vec4<i32>(clamp(scaled, vec4<f32>(-512), vec4<f32>(512))) + call.zero_point;
  put_int8x4(address, clamp(whole, vec4<i32>(call.lower), vec4<i32>(call.upper)));
}`
    : `
fn finish(sums: vec4<${sum}>, row: i32, address: i32) {
  var y = vec4<f32>(sums);
  if (call.multipliers != 0) { y *= float(call.multipliers + 4 * row); }
  var upper = call.upper;
  if (call.uppers != 0) { upper = float(call.uppers + 4 * row); }
  put_floatx4(address, min(max(y + float(call.biases + 4 * row), vec4<f32>(call.lower)), vec4<f32>(upper)));
}`;
