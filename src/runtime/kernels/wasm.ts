/**
 * The kernels in WebAssembly, compiled from assembly/. Needs SIMD128, which every current engine has; relaxed SIMD is
 * used where the engine knows it. Several threads can share one compiled module and one memory, each with its own
 * instance: instances keep no state.
 */

import { TritbankError } from '../../ir/index.ts';
import type { Kernels, PlanesCall, Window } from './kernels.ts';
import { depthwiseScratch } from './wasm/depthwise-scratch.ts';
import { hasRelaxedSimd, hasSimd } from './wasm/detect.ts';
import type { KernelExports, ProductExports } from './wasm/exports.ts';
import { type ModuleOptions, readModule } from './wasm/modules.ts';
import { createWriter } from './wasm/parameters.ts';

export { hasRelaxedSimd, hasSimd } from './wasm/detect.ts';

export interface WasmKernelOptions {
  /** Default: a new one of 1 MiB that can grow. */
  readonly memory?: WebAssembly.Memory;
  /** Whether to use relaxed SIMD: default where the engine has it. */
  readonly relaxed?: boolean;
  /** What `compileKernels` returned, for a memory of the same kind, or its binary. */
  readonly bytes?: BufferSource | WebAssembly.Module;
}

/** A module to share between threads. Throws E_DEVICE where the engine has no SIMD. */
export function compileKernels(options: Partial<ModuleOptions> = {}): Promise<WebAssembly.Module> {
  if (!hasSimd()) {
    throw new TritbankError('E_DEVICE', 'WebAssembly', 'expected an engine with SIMD, found one without');
  }
  const { shared = false, relaxed = hasRelaxedSimd() } = options;
  return WebAssembly.compile(readModule({ shared, relaxed }));
}

export async function createWasmKernels(options: WasmKernelOptions = {}): Promise<Kernels> {
  const { memory = new WebAssembly.Memory({ initial: 16 }), relaxed, bytes } = options;
  const shared = typeof SharedArrayBuffer === 'function' && memory.buffer instanceof SharedArrayBuffer;
  const module = await toModule(bytes ?? compileKernels({ shared, ...(relaxed !== undefined && { relaxed }) }));
  const { exports } = await WebAssembly.instantiate(module, { env: { memory } });
  return wrap(exports, memory);
}

async function toModule(
  source: BufferSource | WebAssembly.Module | Promise<WebAssembly.Module>,
): Promise<WebAssembly.Module> {
  const settled = await source;
  return settled instanceof WebAssembly.Module ? settled : WebAssembly.compile(settled);
}

const geometryOf = (c: PlanesCall) => [c.x, c.y, c.height, c.width, c.outHeight, c.outWidth, c.from, c.to] as const;

const windowOf = ({ kernel, strides, dilations }: Window) => [...kernel, ...strides, ...dilations] as const;

function wrap(exports: WebAssembly.Exports, memory: WebAssembly.Memory): Kernels {
  const kernels = exports as unknown as KernelExports;
  const products = exports as unknown as ProductExports;
  const writer = createWriter(memory);
  return {
    name: kernels.relaxed.value === 1 ? 'relaxed-simd' : 'simd',
    memory,
    product(prepared, call) {
      writer.product(prepared, call);
      products[prepared.variant]!(call.scratch);
    },
    depthwise(call) {
      writer.depthwise(call);
      kernels.depthwise(call.scratch);
    },
    depthwiseScratch,
    patches(call) {
      const run = call.type === 'int8' ? kernels.patches_int8 : kernels.patches_float32;
      const [top, left] = call.window.pads;
      run(...geometryOf(call), ...windowOf(call.window), top, left, call.padValue);
    },
    pool(call) {
      const isMaximum = call.kind === 'maximum' ? 1 : 0;
      const rest = [
        ...geometryOf(call),
        ...windowOf(call.window),
        ...call.window.pads,
        isMaximum,
        call.countPads ? 1 : 0,
      ] as const;
      if (call.quantization.type === 'float32') return kernels.pool_float32(...rest, 0, 1, 0);
      const { inputZeroPoint, multiplier, zeroPoint } = call.quantization;
      kernels.pool_int8(...rest, inputZeroPoint, multiplier, zeroPoint);
    },
    addInt8({ a, b, y, count, scales, zeroPoints, lower, upper }) {
      kernels.add_int8(a, b, y, count, ...scales, ...zeroPoints, lower, upper);
    },
    quantize: ({ x, y, count, scale, zeroPoint }) => kernels.quantize(x, y, count, scale, zeroPoint),
    dequantize: ({ x, y, count, scale, zeroPoint }) => kernels.dequantize(x, y, count, scale, zeroPoint),
  };
}
