/** Windows over planes: a thread computes four pixels of one plane. */

import type { ElementType, PlanesCall, PoolCall } from '../kernels/kernels.ts';
import { requantize } from '../kernels/reference/round.ts';
import type { StepCall } from '../plan/steps.ts';
import type { Dispatch } from './dispatch.ts';
import { epilogueNumbers, finishCode } from './epilogue.ts';
import { countBelow, integerThresholds, steps } from './thresholds.ts';

type StepOf<K extends StepCall['run']> = Extract<StepCall, { run: K }>;

/** Puts numbers that a program needs besides the plan's behind the plan's memory; their address. */
export type Place = (numbers: ArrayBufferView) => number;

const geometry = ({ x, y, height, width, outHeight, outWidth, window }: PlanesCall) => ({
  ...{ x, y, height, width, out_width: outWidth, pixels: outHeight * outWidth },
  ...{
    kernel_y: window.kernel[0],
    kernel_x: window.kernel[1],
    stride_y: window.strides[0],
    stride_x: window.strides[1],
  },
  ...{ step_y: window.dilations[0], step_x: window.dilations[1], top: window.pads[0], left: window.pads[1] },
  quads: Math.ceil((outHeight * outWidth) / 4),
});

/** `source(p, tap)`: the pixel under a tap of the window of pixel p, -1 outside of the image. */
const sourceCode = `
fn source(p: i32, tap: i32) -> i32 {
  let row = (p / call.out_width) * call.stride_y - call.top + (tap / call.kernel_x) * call.step_y;
  let column = (p % call.out_width) * call.stride_x - call.left + (tap % call.kernel_x) * call.step_x;
  let inside = row >= 0 && row < call.height && column >= 0 && column < call.width;
  return select(-1, row * call.width + column, inside);
}
`;

/** `element(plane, pixel)`: of the input. */
const elementCode = (type: ElementType) => `
fn element(plane: i32, pixel: i32) -> ${type === 'int8' ? 'i32' : 'f32'} {
  let at = plane * stride_of(call.height * call.width) + pixel;
  return ${type === 'int8' ? 'int8(call.x + at)' : 'float(call.x + 4 * at)'};
}
`;

const scalarOf = (type: ElementType) => (type === 'int8' ? 'i32' : 'f32');
const putOf = (type: ElementType) => (type === 'int8' ? 'put_int8x4' : 'put_floatx4');

/** Where the four results go. */
const targetCode = (type: ElementType) => `call.y + ${type === 'int8' ? 1 : 4} * (plane * stride_of(call.pixels) + p)`;

export function dispatchDepthwise({ call }: StepOf<'depthwise'>): Dispatch {
  const { type } = call.epilogue;
  const scalar = scalarOf(type);
  const { integers, floats } = epilogueNumbers(call.epilogue);
  const shape = geometry(call);
  return {
    declarations: sourceCode + elementCode(type) + finishCode(type, scalar),
    body: `
  let p = (i % call.quads) * 4;
  let plane = i / call.quads;
  let taps = call.kernel_y * call.kernel_x;
  var sums = vec4<${scalar}>(0);
  for (var tap = 0; tap < taps; tap++) {
    let weight = ${type === 'int8' ? 'int8(call.weights + plane * taps + tap)' : 'float(call.weights + 4 * (plane * taps + tap))'};
    for (var k = 0; k < 4; k++) {
      let pixel = source(min(p + k, call.pixels - 1), tap);
      if (pixel >= 0) { sums[k] += weight * element(plane, pixel); } else { sums[k] += weight * ${scalar}(call.pad); }
    }
  }
  finish(sums, plane, ${targetCode(type)});`,
    integers: { ...shape, weights: call.weights, pad: call.padValue, ...integers },
    floats,
    threads: shape.quads * call.to,
  };
}

export function dispatchPatches({ call }: StepOf<'patches'>): Dispatch {
  const { type } = call;
  const shape = geometry(call);
  return {
    declarations: sourceCode + elementCode(type),
    body: `
  let p = (i % call.quads) * 4;
  let plane = i / call.quads;
  let taps = call.kernel_y * call.kernel_x;
  var values = vec4<${scalarOf(type)}>(${scalarOf(type)}(call.pad));
  for (var k = 0; k < 4; k++) {
    let pixel = source(min(p + k, call.pixels - 1), plane % taps);
    if (pixel >= 0) { values[k] = element(plane / taps, pixel); }
  }
  ${putOf(type)}(${targetCode(type)}, values);`,
    integers: { ...shape, pad: call.padValue },
    threads: shape.quads * call.to * shape.kernel_y * shape.kernel_x,
  };
}

/** Whether the window lies inside of the image for every pixel. */
function isInside({ height, width, outHeight, outWidth, window }: PlanesCall): boolean {
  const { kernel, strides, dilations, pads } = window;
  const end = (axis: 0 | 1, count: number) =>
    (count - 1) * strides[axis] - pads[axis] + (kernel[axis] - 1) * dilations[axis];
  return pads[0] <= 0 && pads[1] <= 0 && end(0, outHeight) < height && end(1, outWidth) < width;
}

/** Results of averages of int8 by their sums, a table for each number of elements that a window can have. */
function averageTables({ quantization, window }: PoolCall, counts: readonly number[]): Int32Array {
  if (quantization.type !== 'int8') throw new Error('internal: tables of floats');
  const { multiplier, zeroPoint } = quantization;
  const { fround } = Math;
  const most = 256 * window.kernel[0] * window.kernel[1];
  const tables = new Int32Array(counts.length * steps);
  for (const [i, count] of counts.entries()) {
    const f = (sum: number) => requantize(fround(fround(sum / count) * fround(multiplier)), zeroPoint, -128, 127);
    tables.set(integerThresholds(f, most), i * steps);
  }
  return tables;
}

const maximumCode = (type: ElementType) => `
  var most = ${type === 'int8' ? '-128' : 'bitcast<f32>(call.minus_infinity)'};
  for (var tap = 0; tap < taps; tap++) {
    let pixel = source(q, tap);
    if (pixel >= 0) { most = max(most, element(plane, pixel)); }
  }
  return most;`;

/** Taps inside of the image padded on all sides count where `count_pads` says so. */
const averageCode = (type: ElementType) => `
  var sum = ${scalarOf(type)}(0);
  var inside = 0;
  for (var tap = 0; tap < taps; tap++) {
    let pixel = source(q, tap);
    if (pixel >= 0) { sum += element(plane, pixel)${type === 'int8' ? ' - call.input_zero' : ''}; }
    let row = (q / call.out_width) * call.stride_y + (tap / call.kernel_x) * call.step_y;
    let column = (q % call.out_width) * call.stride_x + (tap % call.kernel_x) * call.step_x;
    let counts = call.count_pads != 0 && row < call.padded_height && column < call.padded_width;
    if (pixel >= 0 || counts) { inside += 1; }
  }
  ${
    type === 'int8'
      ? `return quantized(sum, call.tables + ${4 * steps} * select(max(inside, 1) - 1, 0, call.one_table != 0));`
      : 'return sum / f32(max(inside, 1));'
  }`;

/** Tables of averages would be large for larger windows whose size differs from pixel to pixel. */
const mostTables = 256;

/** Undefined for averages of int8 that would need too many tables. */
export function dispatchPool({ call }: StepOf<'pool'>, place: Place): Dispatch | undefined {
  const { quantization, window, kind } = call;
  const { type } = quantization;
  const [top, left, bottom, right] = window.pads;
  const shape = geometry(call);
  const taps = shape.kernel_y * shape.kernel_x;
  const isWhole = isInside(call);
  const needsTables = kind === 'average' && type === 'int8';
  if (needsTables && !isWhole && taps > mostTables) return undefined;
  const counts = isWhole ? [taps] : Array.from({ length: taps }, (_, i) => i + 1);
  const tables = needsTables ? place(averageTables(call, counts)) : 0;
  return {
    declarations: `${sourceCode}${elementCode(type)}${type === 'int8' ? countBelow('i32') : ''}
fn summary(plane: i32, q: i32) -> ${scalarOf(type)} {
  let taps = call.kernel_y * call.kernel_x;${kind === 'maximum' ? maximumCode(type) : averageCode(type)}
}`,
    body: `
  let p = (i % call.quads) * 4;
  let plane = i / call.quads;
  var values = vec4<${scalarOf(type)}>(0);
  for (var k = 0; k < 4 && p + k < call.pixels; k++) { values[k] = summary(plane, p + k); }
  ${putOf(type)}(${targetCode(type)}, values);`,
    integers: {
      ...{ ...shape, tables, one_table: Number(isWhole), count_pads: Number(call.countPads) },
      ...{ padded_height: call.height + top + bottom, padded_width: call.width + left + right },
      // which a text of WGSL cannot name
      minus_infinity: 0xff800000 | 0,
      input_zero: type === 'int8' ? quantization.inputZeroPoint : 0,
    },
    threads: shape.quads * call.to,
  };
}
