/** What the time of a step is made of, counted: loops of its kernel and how often each of them runs. */

import { type DepthwiseCall, type PlanesCall, planeStride } from '../kernels/kernels.ts';
import { type Step, variantOf } from '../plan/steps.ts';

/** Steps that have no variants to choose from. */
export type PlainStep = Exclude<Step, { readonly run: 'product' }>;

/** Work of a kind that unit costs are known of. */
export interface StepWork {
  readonly kernel: string;
  readonly counts: readonly number[];
}

const channelsOf = ({ from, to }: PlanesCall) => to - from;
const tapsOf = ({ window: { kernel } }: PlanesCall) => kernel[0] * kernel[1];
const outsOf = ({ outHeight, outWidth }: PlanesCall) => outHeight * outWidth;

/** Whether the kernel runs over padded planes: assembly/depthwise.ts. */
function isPadded({ window: { kernel, strides, dilations } }: DepthwiseCall): boolean {
  const is3x3 = kernel[0] === 3 && kernel[1] === 3 && dilations[0] === 1 && dilations[1] === 1;
  return is3x3 && strides[0] === strides[1] && strides[0] <= 2;
}

/** Vectors of results, vectors of the plane that is copied, rows, channels; without padded planes taps and channels. */
function depthwiseWork(call: DepthwiseCall): StepWork {
  const { window, width, height, outWidth, outHeight } = call;
  const channels = channelsOf(call);
  const { type } = call.epilogue;
  if (!isPadded(call)) {
    return {
      kernel: `depthwise_any_${type}`,
      counts: [channels * outsOf(call) * tapsOf(call), channels * outsOf(call)],
    };
  }
  const [, left, , right] = window.pads;
  const stride = window.strides[0];
  const pitch = stride === 1 ? left + width + right : (left + width + right + 1) >> 1;
  const results = (outHeight - 1) * pitch + outWidth;
  const rowVectors = Math.ceil((width * (type === 'int8' ? 1 : 4)) / 16);
  return {
    kernel: `depthwise_stride${stride}_${type}`,
    counts: [
      channels * Math.ceil(results / (type === 'int8' ? 8 : 4)),
      channels * height * rowVectors,
      channels * (height + outHeight),
      channels,
    ],
  };
}

const perElement = (kernel: string, { channels, pixels }: { readonly channels: number; readonly pixels: number }) => ({
  kernel,
  counts: [channels * planeStride(pixels), 1],
});

export function workOf(step: PlainStep): StepWork {
  const kernel = variantOf(step);
  switch (step.run) {
    case 'depthwise':
      return depthwiseWork(step.call);
    case 'patches': {
      const { call } = step;
      const rows = channelsOf(call) * tapsOf(call) * call.outHeight;
      const isStrided = call.window.strides[1] > 1;
      return { kernel: `${kernel}_${isStrided ? 'strided' : 'whole'}`, counts: [rows * call.outWidth, rows] };
    }
    case 'pool': {
      const { call } = step;
      const outs = channelsOf(call) * outsOf(call);
      const isGlobal = outsOf(call) === 1 && call.kind === 'average';
      return { kernel: isGlobal ? `global_${kernel}` : kernel, counts: [outs * tapsOf(call), outs] };
    }
    case 'addInt8':
    case 'quantize':
    case 'dequantize':
      return { kernel, counts: [step.call.count, 1] };
    case 'move':
    case 'softmax':
    case 'dense':
      return perElement(step.run, step.call.y);
    case 'channels':
      return { kernel, counts: [step.call.channels * planeStride(step.call.pixels), step.call.channels] };
    case 'pad':
    case 'table':
    case 'affine':
    case 'unary':
    case 'binary':
      return perElement(kernel, step.call);
  }
}
