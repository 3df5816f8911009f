/**
 * Writes the parameters of a call where assembly/call.ts reads them: into the first `parameterBytes` bytes of the call's
 * scratch memory, what follows the sum first, then the call's own numbers. Each has four bytes.
 */

import type { DepthwiseCall, Epilogue, PreparedProduct, ProductCall } from '../kernels.ts';
import { checkEpilogue, findVariant } from '../variants/index.ts';
import { parameterBytes } from '../variants/variant.ts';

const callOffset = 32;

export interface Writer {
  product(prepared: PreparedProduct, call: ProductCall): void;
  depthwise(call: DepthwiseCall): void;
}

export function createWriter(memory: WebAssembly.Memory): Writer {
  let view = new DataView(memory.buffer);
  const refresh = () => {
    if (view.buffer !== memory.buffer) view = new DataView(memory.buffer);
  };
  const writeIntegers = (address: number, values: readonly number[]) => {
    for (const value of values) {
      view.setInt32(address, value, true);
      address += 4;
    }
  };
  const writeEpilogue = (address: number, epilogue: Epilogue) => {
    const isInt8 = epilogue.type === 'int8';
    const { upper } = epilogue;
    writeIntegers(address, [isInt8 ? 0 : 1, epilogue.biases, epilogue.multipliers, isInt8 ? epilogue.zeroPoint : 0]);
    view.setFloat32(address + 16, epilogue.lower, true);
    view.setFloat32(address + 20, typeof upper === 'number' ? upper : Number.POSITIVE_INFINITY, true);
    writeIntegers(address + 24, [typeof upper === 'number' ? 0 : upper.address, 0]);
  };
  return {
    product(prepared, call) {
      refresh();
      const { data, scratch, x, y, from, to } = call;
      const variant = findVariant(prepared.variant);
      checkEpilogue(variant, call.epilogue.type);
      const xStride = call.xStride * (variant.activations === 'int8' ? 1 : 4);
      const yStride = call.yStride * (call.epilogue.type === 'int8' ? 1 : 4);
      const place = [data, scratch + parameterBytes, x, xStride, y, yStride];
      writeEpilogue(scratch, call.epilogue);
      writeIntegers(scratch + callOffset, [...place, from, to, prepared.rows, prepared.columns]);
    },
    depthwise(call) {
      refresh();
      const { x, y, height, width, outHeight, outWidth, from, to, weights, scratch, window } = call;
      const [top, left] = window.pads;
      const geometry = [...window.kernel, ...window.strides, ...window.dilations, top, left];
      const start = scratch + callOffset;
      writeEpilogue(scratch, call.epilogue);
      writeIntegers(start, [x, y, height, width, outHeight, outWidth, from, to, ...geometry, weights]);
      view.setFloat32(start + 68, call.padValue, true);
      writeIntegers(start + 72, [scratch + parameterBytes]);
    },
  };
}
