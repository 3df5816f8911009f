/**
 * Convolutions to steps. Depthwise ones have their kernel. Others are products: of the planes themselves for 1x1
 * windows, of patches for larger ones, one product for each group.
 *
 * Integers, with x = s (q - z): W x + b = s w (Wq q - z sum(Wq)) + b, so that the zero point goes into the bias of each
 * row.
 */

import { type ElementType, parameterBytes, planeStride, type Weights, type Window } from '../kernels/kernels.ts';
import { type IntegerValues, toIntegers } from '../kernels/packing.ts';
import { prepareProduct } from '../kernels/prepare.ts';
import type { ConvLayer } from '../lower/layers.ts';
import { pixelsOf, sizeOf } from '../lower/operand.ts';
import type { Buffer } from './arena.ts';
import type { Emission, Emitter } from './emission.ts';
import { epilogueOf } from './epilogues.ts';
import { isDepthwise } from './settle.ts';
import type { StepCall } from './steps.ts';

const isPointwise = ({ kernel, strides, pads }: Window) =>
  kernel[0] * kernel[1] === 1 && strides[0] * strides[1] === 1 && pads.every((pad) => pad === 0);

/** What the kernels read: integers where the layer takes them. */
const activationsOf = ({ x, weights }: ConvLayer): ElementType =>
  x.plane.type === 'int8' && weights.kind !== 'float32' ? 'int8' : 'float32';

/** Float weights take what their rows are multiplied with. */
function scaledFloats({ weights, scales, multipliers, y }: ConvLayer): Float32Array {
  const { values } = weights;
  if (values instanceof Float32Array && !scales && !multipliers) return values;
  const result = new Float32Array(values instanceof Float32Array ? values : toIntegers(values));
  const columns = result.length / y.channels;
  for (let row = 0; row < y.channels; row++) {
    const factor = (scales?.[row] ?? 1) * (multipliers?.[row] ?? 1);
    for (let i = row * columns; i < (row + 1) * columns; i++) result[i]! *= factor;
  }
  return result;
}

export const emitConv: Emitter<ConvLayer> = (layer, emission) =>
  isDepthwise(layer) ? emitDepthwise(layer, emission) : emitProducts(layer, emission);

function emitDepthwise(layer: ConvLayer, emission: Emission): (at: Emission) => StepCall[] {
  const { x, y, window, quantization } = layer;
  const type: ElementType = quantization ? 'int8' : 'float32';
  const weights = emission.blobs.add(
    type === 'int8' ? toIntegers(layer.weights.values as IntegerValues) : scaledFloats(layer),
  );
  const [height, width] = sizeOf(x);
  const planes = { height, width, outHeight: y.height, outWidth: y.width, from: 0, to: y.channels };
  const scratchBytes = emission.kernels.depthwiseScratch({ height, width, window }, type);
  const scratch = emission.scratch(scratchBytes);
  const epilogue = epilogueOf(layer, emission.blobs, type === 'float32');
  return (at) => [
    {
      run: 'depthwise',
      scratchBytes: at.scratchStep(scratchBytes),
      call: {
        ...{ x: at.plane(x.plane), y: at.plane(y), ...planes, window, weights: at.blob(weights) },
        ...{ padValue: x.quantization?.zeroPoint ?? 0, scratch: at.buffer(scratch), epilogue: epilogue(at, 0) },
      },
    },
  ];
}

/** Rows of one group. */
function groupWeights({ weights, groups, y }: ConvLayer, all: IntegerValues | Float32Array, group: number): Weights {
  const rows = y.channels / groups;
  const columns = all.length / y.channels;
  const [from, to] = [group * rows * columns, (group + 1) * rows * columns];
  if (all instanceof Float32Array) return { kind: 'float32', rows, columns, values: all.subarray(from, to) };
  const values = groups === 1 ? all : toIntegers(all).subarray(from, to);
  return { kind: weights.kind === 'ternary' ? 'ternary' : 'int8', rows, columns, values };
}

/** What patches depend on besides the planes. */
function patchesKey({ x, y, window }: ConvLayer, type: ElementType): string {
  return JSON.stringify([type, window, sizeOf(x), y.height, y.width, x.quantization?.zeroPoint ?? 0]);
}

/** Larger patches are made and multiplied in bands of rows, so that they stay in the cache and peaks stay low. */
const mostPatchBytes = 192 * 1024;

const lanes = 32;

/** Rows of a band: pixels of all but the last one are a multiple of what kernels do at a time. */
function bandRows({ y }: ConvLayer, bytesPerPixel: number): number {
  let unit = 1;
  while ((unit * y.width) % lanes !== 0) unit *= 2;
  const fitting = Math.floor(mostPatchBytes / (bytesPerPixel * y.width * unit)) * unit;
  return Math.min(y.height, Math.max(unit, fitting));
}

function emitProducts(layer: ConvLayer, emission: Emission): (at: Emission) => StepCall[] {
  const { x, y, window, groups, weights } = layer;
  const type = activationsOf(layer);
  const pixels = pixelsOf(y);
  const [height, width] = sizeOf(x);
  const rows = y.channels / groups;
  const columns = weights.values.length / y.channels;
  const bytes = type === 'int8' ? 1 : 4;
  const isDirect = isPointwise(window);
  const band = isDirect ? y.height : bandRows(layer, groups * columns * bytes);
  const patchBytes = groups * columns * planeStride(band * y.width) * bytes;
  const key = patchesKey(layer, type);
  const isBanded = band < y.height;
  const shared = isDirect || isBanded ? undefined : emission.shared(x.plane, key, patchBytes);
  const patches = isBanded ? emission.temporary(patchBytes) : shared?.buffer;
  const patchScratch = patches && emission.scratch(parameterBytes);
  const { name, prepare = prepareProduct } = emission.kernels;
  const options = { pixels, isRelaxed: name === 'relaxed-simd', isBorrowed: true };
  const all = type === 'int8' || weights.kind === 'ternary' ? weights.values : scaledFloats(layer);
  const products = Array.from({ length: groups }, (_, group) => {
    const { data, ...prepared } = prepare(groupWeights(layer, all, group), type, options);
    const blob = emission.blobs.add(data);
    return { prepared, blob };
  });
  const scratchBytes = Math.max(...products.map(({ prepared }) => prepared.scratch));
  const scratch = emission.scratch(scratchBytes);
  const hasFloatWeights = weights.kind === 'float32' || (weights.kind === 'int8' && type === 'float32');
  const epilogue = epilogueOf(layer, emission.blobs, hasFloatWeights);
  const yStride = planeStride(pixels);
  const yBytes = y.type === 'int8' ? 1 : 4;

  /** The patches of a band: a window that begins further down is one with fewer pads above, or less than none. */
  const patchStep = (
    at: Emission,
    [buffer, scratch]: readonly [Buffer, Buffer],
    first: number,
    count: number,
  ): StepCall => {
    const planes = { height, width, outHeight: count, outWidth: y.width, from: 0, to: x.plane.channels };
    const padValue = type === 'int8' ? (x.quantization?.zeroPoint ?? 0) : 0;
    const [top, ...pads] = window.pads;
    const moved: Window = { ...window, pads: [top - first * window.strides[0], ...pads] };
    const place = { x: at.plane(x.plane), y: at.buffer(buffer), scratch: at.buffer(scratch) };
    return { run: 'patches', call: { ...place, ...planes, type, window: moved, padValue } };
  };
  const productSteps = (at: Emission, first: number, count: number): StepCall[] =>
    products.map(({ prepared, blob }, group) => {
      const xStride = planeStride(patches ? count * y.width : height * width);
      const source = (patches ? at.buffer(patches) : at.plane(x.plane)) + group * columns * xStride * bytes;
      const target = at.plane(y) + (group * rows * yStride + first * y.width) * yBytes;
      const call = {
        ...{ data: at.blob(blob), scratch: at.buffer(scratch), x: source, xStride, y: target, yStride },
        ...{ from: 0, to: count * y.width, epilogue: epilogue(at, group * rows) },
      };
      return { run: 'product', call, prepared: { ...prepared, scratch: at.scratchStep(scratchBytes) } };
    });
  return (at) => {
    const steps: StepCall[] = [];
    for (let first = 0; first < y.height; first += band) {
      const count = Math.min(band, y.height - first);
      if (patches && (isBanded || shared?.isFirst)) steps.push(patchStep(at, [patches, patchScratch!], first, count));
      steps.push(...productSteps(at, first, count));
    }
    return steps;
  };
}
