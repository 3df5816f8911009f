/** Steps on single elements: a thread takes four of them. */

import type { UnaryFunction } from '../../ops/arithmetic/functions.ts';
import { planeStride } from '../kernels/kernels.ts';
import { requantize } from '../kernels/reference/round.ts';
import type { BinaryOp } from '../lower/layers.ts';
import type { StepCall } from '../plan/steps.ts';
import type { Dispatch } from './dispatch.ts';
import type { Place } from './planes.ts';
import { countBelow, floatThresholds } from './thresholds.ts';

type StepOf<K extends StepCall['run']> = Extract<StepCall, { run: K }>;

const { fround } = Math;

export function dispatchAddInt8({ call }: StepOf<'addInt8'>, place: Place): Dispatch {
  const { a, b, y, count, scales, zeroPoints, lower, upper } = call;
  const [aScale, bScale, scale] = scales.map(fround) as [number, number, number];
  const floatsOf = (own: number, zero: number) => Float32Array.from({ length: 256 }, (_, i) => own * (i - 128 - zero));
  const quantize = (sum: number) => requantize(fround(sum / scale), zeroPoints[2], lower, upper);
  return {
    declarations: countBelow('f32'),
    body: `
  let a = int8x4(call.a + 4 * i) + 128;
  let b = int8x4(call.b + 4 * i) + 128;
  var y = vec4<i32>(0);
  for (var k = 0; k < 4; k++) {
    y[k] = quantized(float(call.floats_a + 4 * a[k]) + float(call.floats_b + 4 * b[k]), call.results);
  }
  put_int8x4(call.y + 4 * i, y);`,
    integers: {
      ...{
        a,
        b,
        y,
        floats_a: place(floatsOf(aScale, zeroPoints[0])),
        floats_b: place(floatsOf(bScale, zeroPoints[1])),
      },
      results: place(floatThresholds(quantize)),
    },
    threads: Math.ceil(count / 4),
  };
}

export function dispatchQuantize({ call }: StepOf<'quantize' | 'dequantize'>, place: Place): Dispatch {
  const { x, y, count, scale, zeroPoint } = call;
  const quantize = (value: number) => requantize(fround(value / fround(scale)), zeroPoint, -128, 127);
  return {
    declarations: countBelow('f32'),
    body: `
  let x = floatx4(call.x + 16 * i);
  var y = vec4<i32>(0);
  for (var k = 0; k < 4; k++) { y[k] = quantized(x[k], call.results); }
  put_int8x4(call.y + 4 * i, y);`,
    integers: { x, y, results: place(floatThresholds(quantize)) },
    threads: Math.ceil(count / 4),
  };
}

export function dispatchDequantize({ call }: StepOf<'quantize' | 'dequantize'>): Dispatch {
  const { x, y, count, scale, zeroPoint } = call;
  return {
    body: 'put_floatx4(call.y + 16 * i, call.scale * vec4<f32>(int8x4(call.x + 4 * i) - call.zero_point));',
    integers: { x, y, zero_point: zeroPoint },
    floats: { scale },
    threads: Math.ceil(count / 4),
  };
}

/** Fours of elements in planes, which follow each other at the same distance. */
const quadsOf = ({ channels, pixels }: { readonly channels: number; readonly pixels: number }) => ({
  quads: planeStride(pixels) / 4,
  threads: (channels * planeStride(pixels)) / 4,
});

const boundsOf = (lower: number, upper: number | { readonly address: number }) => ({
  uppers: typeof upper === 'number' ? 0 : upper.address,
  floats: { lower, upper: typeof upper === 'number' ? upper : Number.POSITIVE_INFINITY },
});

const boundCode = `
  var upper = call.upper;
  if (call.uppers != 0) { upper = float(call.uppers + 4 * (i / call.quads)); }
  put_floatx4(call.y + 16 * i, min(max(y, vec4<f32>(call.lower)), vec4<f32>(upper)));`;

export function dispatchAffine({ call }: StepOf<'affine'>): Dispatch {
  const { x, y, multipliers, biases } = call;
  const { uppers, floats } = boundsOf(call.lower, call.upper);
  const { quads, threads } = quadsOf(call);
  return {
    body: `
  let channel = 4 * (i / call.quads);
  let y = floatx4(call.x + 16 * i) * float(call.multipliers + channel) + float(call.biases + channel);${boundCode}`,
    integers: { x, y, multipliers, biases, uppers, quads },
    floats,
    threads,
  };
}

const operators: { readonly [K in BinaryOp]: string } = {
  Add: 'a + b',
  Sub: 'a - b',
  Mul: 'a * b',
  Div: 'a / b',
  Min: 'min(a, b)',
  Max: 'max(a, b)',
  PRelu: 'select(a, a * b, a < vec4<f32>(0))',
};

export function dispatchBinary({ call }: StepOf<'binary'>): Dispatch {
  const { a, b, y, isPerChannel } = call;
  const { uppers, floats } = boundsOf(call.lower, call.upper);
  const { quads, threads } = quadsOf(call);
  const second = isPerChannel
    ? `vec4<f32>(float(call.b + ${4 * planeStride(1)} * (i / call.quads)))`
    : 'floatx4(call.b + 16 * i)';
  return {
    body: `
  let a = floatx4(call.a + 16 * i);
  let b = ${second};
  let y = ${operators[call.operator]};${boundCode}`,
    integers: { a, b, y, uppers, quads },
    floats,
    threads,
  };
}

export function dispatchTable({ call }: StepOf<'table'>): Dispatch {
  const { x, y, table } = call;
  return {
    body: `
  let x = int8x4(call.x + 4 * i) + 128 + call.table;
  put_int8x4(call.y + 4 * i, vec4<i32>(int8(x.x), int8(x.y), int8(x.z), int8(x.w)));`,
    integers: { x, y, table },
    threads: quadsOf(call).threads,
  };
}

export function dispatchChannels({ call }: StepOf<'channels'>, place: Place): Dispatch {
  const words = (planeStride(call.pixels) * (call.type === 'int8' ? 1 : 4)) / 4;
  return {
    body: `
  let plane = integer(call.indices + 4 * (i / call.words));
  memory[(call.y >> 2) + i] = memory[(call.x >> 2) + plane * call.words + i % call.words];`,
    integers: { x: call.x, y: call.y, indices: place(call.indices), words },
    threads: call.channels * words,
  };
}

export function dispatchPad({ call }: StepOf<'pad'>): Dispatch {
  const { x, y, type, height, width, pads, pixels, before, inputs, value } = call;
  const [scalar, bytes] = type === 'int8' ? (['i32', 1] as const) : (['f32', 4] as const);
  const { quads, threads } = quadsOf(call);
  return {
    body: `
  let plane = i / call.quads - call.before;
  var values = vec4<${scalar}>(${scalar}(call.value));
  for (var k = 0; k < 4; k++) {
    let p = (i % call.quads) * 4 + k;
    let row = p / call.out_width - call.top;
    let column = p % call.out_width - call.left;
    let inside = plane >= 0 && plane < call.inputs && row >= 0 && row < call.height && column >= 0 && column < call.width;
    if (inside) {
      let at = plane * stride_of(call.height * call.width) + row * call.width + column;
      values[k] = ${type === 'int8' ? 'int8(call.x + at)' : 'float(call.x + 4 * at)'};
    }
  }
  ${type === 'int8' ? 'put_int8x4' : 'put_floatx4'}(call.y + ${4 * bytes} * i, values);`,
    integers: {
      ...{ x, y, height, width, before, inputs, quads, top: pads[0], left: pads[1] },
      out_width: pads[1] + width + pads[3],
      pixels,
    },
    floats: { value },
    threads,
  };
}

/** Functions of one number that WGSL has, of four at a time. */
const functions: { readonly [K in UnaryFunction['op']]?: (f: Extract<UnaryFunction, { op: K }>) => string } = {
  Abs: () => 'abs(x)',
  Ceil: () => 'ceil(x)',
  Clip: ({ lower, upper }) => `clamp(x, vec4<f32>(${literal(lower)}), vec4<f32>(${literal(upper)}))`,
  Exp: () => 'exp(x)',
  Floor: () => 'floor(x)',
  HardSigmoid: ({ alpha, beta }) => `saturate(${literal(alpha)} * x + ${literal(beta)})`,
  HardSwish: () => 'x * saturate(x / 6 + 0.5)',
  LeakyRelu: ({ alpha }) => `select(x, ${literal(alpha)} * x, x < vec4<f32>(0))`,
  Neg: () => '-x',
  Reciprocal: () => '1 / x',
  Relu: () => 'max(x, vec4<f32>(0))',
  Round: () => 'round(x)',
  Sigmoid: () => '1 / (1 + exp(-clamp(x, vec4<f32>(-88), vec4<f32>(88))))',
  Sqrt: () => 'sqrt(x)',
};

const literal = (value: number) => `f32(${Math.min(Math.max(value, -3.4e38), 3.4e38)})`;

/** Undefined for functions that WGSL has not. */
export function dispatchUnary({ call }: StepOf<'unary'>): Dispatch | undefined {
  const codes: string[] = [];
  for (const f of call.functions) {
    const code = functions[f.op] as ((f: UnaryFunction) => string) | undefined;
    if (!code) return undefined;
    codes.push(`x = ${code(f)};`);
  }
  const body = `var x = floatx4(call.x + 16 * i);\n  ${codes.join('\n  ')}\n  put_floatx4(call.y + 16 * i, x);`;
  return { body, integers: { x: call.x, y: call.y }, threads: quadsOf(call).threads };
}
