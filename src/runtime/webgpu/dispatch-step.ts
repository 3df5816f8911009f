/** Steps to programs, and what the CPU reads and writes where there is none. */

import { type ElementType, planeStride } from '../kernels/kernels.ts';
import type { DenseOperand, PlanesAt, Step, StepCall } from '../plan/steps.ts';
import type { Dispatch } from './dispatch.ts';
import {
  dispatchAddInt8,
  dispatchAffine,
  dispatchBinary,
  dispatchChannels,
  dispatchDequantize,
  dispatchPad,
  dispatchQuantize,
  dispatchTable,
  dispatchUnary,
} from './elementwise.ts';
import { dispatchDepthwise, dispatchPatches, dispatchPool, type Place } from './planes.ts';
import { dispatchProduct } from './product.ts';

/** Undefined for a step that has no program. */
export function dispatchStep(step: StepCall, place: Place): Dispatch | undefined {
  switch (step.run) {
    case 'product':
      return dispatchProduct(step);
    case 'depthwise':
      return dispatchDepthwise(step);
    case 'patches':
      return dispatchPatches(step);
    case 'pool':
      return dispatchPool(step, place);
    case 'addInt8':
      return dispatchAddInt8(step, place);
    case 'quantize':
      return dispatchQuantize(step, place);
    case 'dequantize':
      return dispatchDequantize(step);
    case 'affine':
      return dispatchAffine(step);
    case 'unary':
      return dispatchUnary(step);
    case 'table':
      return dispatchTable(step);
    case 'binary':
      return dispatchBinary(step);
    case 'channels':
      return dispatchChannels(step, place);
    case 'pad':
      return dispatchPad(step);
    default:
      return undefined;
  }
}

/** Bytes of the memory. */
export interface Range {
  readonly from: number;
  readonly to: number;
}

export function rangeOf(type: ElementType, { address, channels, pixels }: PlanesAt): Range {
  return { from: address, to: address + channels * planeStride(pixels) * (type === 'int8' ? 1 : 4) };
}

const operandRange = (operand: DenseOperand): Range =>
  'count' in operand ? { from: operand.address, to: operand.address + 4 * operand.count } : rangeOf('float32', operand);

/** What a step without a program reads and writes. */
export function rangesOf(step: Step): { readonly reads: readonly Range[]; readonly writes: readonly Range[] } {
  switch (step.run) {
    case 'move': {
      const { type, x, y } = step.call;
      return { reads: [rangeOf(type, x)], writes: [rangeOf(type, y)] };
    }
    case 'softmax':
      return { reads: [rangeOf('float32', step.call.x)], writes: [rangeOf('float32', step.call.y)] };
    case 'dense': {
      const { operands, y } = step.call;
      return { reads: operands.map(operandRange), writes: [rangeOf('float32', y)] };
    }
    case 'unary': {
      const { x, y, channels, pixels } = step.call;
      const at = (address: number) => rangeOf('float32', { address, channels, pixels });
      return { reads: [at(x)], writes: [at(y)] };
    }
    case 'pool': {
      const { x, y, to, height, width, outHeight, outWidth, quantization } = step.call;
      const at = (address: number, pixels: number) => rangeOf(quantization.type, { address, channels: to, pixels });
      return { reads: [at(x, height * width)], writes: [at(y, outHeight * outWidth)] };
    }
    default:
      throw new Error(`internal: ${step.run} has a program`);
  }
}
