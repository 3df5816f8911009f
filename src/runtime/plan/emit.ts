/**
 * Layers to steps: a table of emitters. Each says first what memory it needs, and gives its steps when addresses are
 * known.
 */

import { parameterBytes } from '../kernels/kernels.ts';
import type { Layer } from '../lower/layers.ts';
import { type Plane, pixelsOf, planeElements, sizeOf } from '../lower/operand.ts';
import type { Blob } from './blobs.ts';
import type { Emission, Emitter } from './emission.ts';
import { emitConv } from './emit-conv.ts';
import { quantizedBound } from './epilogues.ts';
import type { PlanesAt, StepCall } from './steps.ts';
import { tableOf } from './table.ts';

type LayerOf<K extends Layer['kind']> = Extract<Layer, { kind: K }>;

const loopOf = (x: Plane, y: Plane) => (at: Emission) => ({
  ...{ x: at.plane(x), y: at.plane(y) },
  ...{ channels: y.channels, pixels: pixelsOf(y) },
});

const planesAt = (plane: Plane, at: Emission): PlanesAt => ({
  address: at.plane(plane),
  channels: plane.channels,
  pixels: pixelsOf(plane),
});

const emitPool: Emitter<LayerOf<'pool'>> = ({ x, y, method, window, countPads, quantization }, emission) => {
  const [height, width] = sizeOf(x);
  const planes = { height, width, outHeight: y.height, outWidth: y.width, from: 0, to: y.channels };
  const own = x.quantization;
  const isAverage = method === 'average';
  const int8 = {
    type: 'int8' as const,
    inputZeroPoint: isAverage ? (own?.zeroPoint ?? 0) : 0,
    multiplier: isAverage && own && quantization ? Math.fround(own.scale / quantization.scale) : 1,
    zeroPoint: isAverage ? (quantization?.zeroPoint ?? 0) : 0,
  };
  const scratch = emission.scratch(parameterBytes);
  const call = {
    kind: method,
    window,
    countPads,
    quantization: y.type === 'int8' ? int8 : ({ type: 'float32' } as const),
  };
  return (at) => [
    { run: 'pool', call: { x: at.plane(x.plane), y: at.plane(y), scratch: at.buffer(scratch), ...planes, ...call } },
  ];
};

const emitAffine: Emitter<LayerOf<'affine'>> = (layer, { blobs }) => {
  const { x, y, lower, upper } = layer;
  const [m, b] = [layer.multipliers, layer.biases].map((v) => blobs.add(Float32Array.from(v))) as [Blob, Blob];
  const most = typeof upper === 'number' ? undefined : blobs.add(upper);
  const loop = loopOf(x.plane, y);
  return (at) => {
    const bounds = { lower, upper: most ? { address: at.blob(most) } : (upper as number) };
    return [{ run: 'affine', call: { ...loop(at), multipliers: at.blob(m), biases: at.blob(b), ...bounds } }];
  };
};

const emitUnary: Emitter<LayerOf<'unary'>> = ({ x, y, functions, quantization }, { blobs }) => {
  const loop = loopOf(x.plane, y);
  if (!quantization) return (at) => [{ run: 'unary', call: { ...loop(at), functions } }];
  const blob = blobs.add(tableOf(x.quantization!, functions, quantization));
  return (at) => [{ run: 'table', call: { ...loop(at), table: at.blob(blob) } }];
};

const emitBinary: Emitter<LayerOf<'binary'>> = ({ a, b, y, operator, lower, upper, quantization }, emission) => {
  const { blobs } = emission;
  if (quantization && b.kind === 'activation') {
    const [first, second] = [a.quantization!, b.quantization!];
    const fixed = {
      count: planeElements(y),
      scales: [first.scale, second.scale, quantization.scale],
      zeroPoints: [first.zeroPoint, second.zeroPoint, quantization.zeroPoint],
      lower: quantizedBound(lower, quantization),
      upper: quantizedBound(upper as number, quantization),
    } as const;
    const scratch = emission.scratch(parameterBytes);
    return (at) => {
      const place = { a: at.plane(a.plane), b: at.plane(b.plane), y: at.plane(y), scratch: at.buffer(scratch) };
      return [{ run: 'addInt8', call: { ...place, ...fixed } }];
    };
  }
  const values = b.kind === 'values' ? blobs.add(spreadPlanes(b.values, y)) : undefined;
  const most = typeof upper === 'number' ? undefined : blobs.add(upper);
  const isPerChannel = b.kind === 'activation' && pixelsOf(b.plane) === 1 && pixelsOf(y) > 1;
  return (at) => {
    const { x, ...loop } = loopOf(a.plane, y)(at);
    const second = b.kind === 'activation' ? at.plane(b.plane) : at.blob(values!);
    const bounds = { lower, upper: most ? { address: at.blob(most) } : (upper as number) };
    return [{ run: 'binary', call: { ...loop, operator, a: x, b: second, isPerChannel, ...bounds } }];
  };
};

/** Elements in a row to planes. */
function spreadPlanes(values: Float32Array, plane: Plane): Float32Array {
  const pixels = pixelsOf(plane);
  const stride = planeElements(plane) / plane.channels;
  const result = new Float32Array(planeElements(plane));
  for (let c = 0; c < plane.channels; c++) result.set(values.subarray(c * pixels, (c + 1) * pixels), c * stride);
  return result;
}

const emitQuantize: Emitter<LayerOf<'quantize' | 'dequantize'>> = ({ kind, x, y, quantization }) => {
  const { scale, zeroPoint } = quantization;
  return (at) => [
    { run: kind, call: { x: at.plane(x.plane), y: at.plane(y), count: planeElements(y), scale, zeroPoint } },
  ];
};

const emitMove: Emitter<LayerOf<'move'>> =
  ({ x, y, dims, strides, offset }) =>
  (at) => {
    const ends = { x: planesAt(x.plane, at), y: planesAt(y, at) };
    return [{ run: 'move', call: { type: y.type, ...ends, dims, strides, offset } }];
  };

const emitChannels: Emitter<LayerOf<'channels'>> = ({ x, y, indices }) => {
  const loop = loopOf(x.plane, y);
  return (at) => [{ run: 'channels', call: { ...loop(at), type: y.type, indices } }];
};

const emitPad: Emitter<LayerOf<'pad'>> = ({ x, y, pads, channels, value }) => {
  const [height, width] = sizeOf(x);
  const loop = loopOf(x.plane, y);
  const parts = { before: channels[0], inputs: x.plane.channels };
  return (at) => [{ run: 'pad', call: { ...loop(at), type: y.type, height, width, pads, ...parts, value } }];
};

const emitSoftmax: Emitter<LayerOf<'softmax'>> =
  ({ x, y, size, inner, isLog }) =>
  (at) => [{ run: 'softmax', call: { x: planesAt(x.plane, at), y: planesAt(y, at), size, inner, isLog } }];

const emitDense: Emitter<LayerOf<'dense'>> = ({ kernel, operands, y }, { blobs }) => {
  const constants = operands.map((operand) => (operand.kind === 'values' ? blobs.add(operand.values) : undefined));
  return (at) => {
    const places = operands.map((operand, i) =>
      operand.kind === 'values'
        ? { address: at.blob(constants[i]!), count: operand.values.length }
        : planesAt(operand.plane, at),
    );
    return [{ run: 'dense', call: { kernel, operands: places, y: planesAt(y, at) } }];
  };
};

const emitters: { readonly [K in Layer['kind']]: Emitter<LayerOf<K>> } = {
  affine: emitAffine,
  binary: emitBinary,
  channels: emitChannels,
  concat: () => () => [],
  conv: emitConv,
  dense: emitDense,
  dequantize: emitQuantize,
  move: emitMove,
  pad: emitPad,
  pool: emitPool,
  quantize: emitQuantize,
  softmax: emitSoftmax,
  unary: emitUnary,
};

export function emitLayer<K extends Layer['kind']>(
  layer: LayerOf<K>,
  emission: Emission,
): (at: Emission) => StepCall[] {
  return (emitters[layer.kind as K] as Emitter<LayerOf<K>>)(layer, emission);
}
