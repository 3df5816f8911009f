/**
 * Writes the parameters of a call where assembly/call.ts reads them: into the first `parameterBytes` bytes of the
 * call's scratch memory, what follows the sum first, where something does, then the call's own numbers. Each has four
 * bytes.
 */

import {
  type AddInt8Call,
  type DepthwiseCall,
  type Epilogue,
  type PatchesCall,
  type PlanesCall,
  type PoolCall,
  type PreparedProduct,
  type ProductCall,
  parameterBytes,
} from '../kernels.ts';
import { checkEpilogue } from '../variants/index.ts';

/** Where a call's own numbers begin behind those of what follows the sum. */
const callOffset = 32;

export interface Writer {
  product(prepared: PreparedProduct, call: ProductCall): void;
  depthwise(call: DepthwiseCall): void;
  patches(call: PatchesCall): void;
  pool(call: PoolCall): void;
  addInt8(call: AddInt8Call): void;
}

/** The fields of `Windowed`. */
function windowed({ x, y, height, width, outHeight, outWidth, from, to, window }: PlanesCall): number[] {
  const { kernel, strides, dilations, pads } = window;
  const planes = [x, y, height, width, outHeight, outWidth, from, to];
  return [...planes, ...kernel, ...strides, ...dilations, pads[0], pads[1]];
}

export function createWriter(memory: WebAssembly.Memory): Writer {
  let view = new DataView(memory.buffer);
  const write = (address: number, integers: readonly number[], floats: readonly number[] = []) => {
    if (view.buffer !== memory.buffer) view = new DataView(memory.buffer);
    for (let i = 0; i < integers.length; i++) view.setInt32(address + 4 * i, integers[i]!, true);
    const start = address + 4 * integers.length;
    for (let i = 0; i < floats.length; i++) view.setFloat32(start + 4 * i, floats[i]!, true);
  };
  const writeEpilogue = (address: number, epilogue: Epilogue) => {
    const isInt8 = epilogue.type === 'int8';
    const { biases, multipliers, lower, upper } = epilogue;
    const isOne = typeof upper === 'number';
    const bounds = [lower, isOne ? upper : Number.POSITIVE_INFINITY];
    write(address, [isInt8 ? 0 : 1, biases, multipliers, isInt8 ? epilogue.zeroPoint : 0], bounds);
    write(address + 24, [isOne ? 0 : upper.address, 0]);
  };
  return {
    product(prepared, call) {
      const { data, scratch, x, y, from, to } = call;
      checkEpilogue(prepared, call.epilogue.type);
      const xStride = call.xStride * (prepared.activations === 'int8' ? 1 : 4);
      const yStride = call.yStride * (call.epilogue.type === 'int8' ? 1 : 4);
      const place = [data, scratch + parameterBytes, x, xStride, y, yStride];
      writeEpilogue(scratch, call.epilogue);
      write(scratch + callOffset, [...place, from, to, prepared.rows, prepared.columns]);
    },
    depthwise(call) {
      const { weights, scratch, padValue } = call;
      writeEpilogue(scratch, call.epilogue);
      write(scratch + callOffset, [...windowed(call), weights, scratch + parameterBytes], [padValue]);
    },
    patches: (call) => write(call.scratch, windowed(call), [call.padValue]),
    pool(call) {
      const [, , bottom, right] = call.window.pads;
      const flags = [Number(call.kind === 'maximum'), Number(call.countPads)];
      const { inputZeroPoint, zeroPoint, multiplier } =
        call.quantization.type === 'int8' ? call.quantization : { inputZeroPoint: 0, zeroPoint: 0, multiplier: 1 };
      write(call.scratch, [...windowed(call), bottom, right, ...flags, inputZeroPoint, zeroPoint], [multiplier]);
    },
    addInt8({ a, b, y, count, scratch, scales, zeroPoints, lower, upper }) {
      write(scratch, [a, b, y, count, ...zeroPoints, lower, upper], scales);
    },
  };
}
