/** Opens a device, and says in one kind of error what is missing or went wrong. */

import { TritbankError } from '../../ir/index.ts';
import type { Gpu, GpuAdapterInfo, GpuDevice, GpuPipeline } from './gpu-types.ts';

/** What computes: a processor, or software that stands for one. */
export interface AdapterInfo {
  readonly name: string;
  /** Whether it runs on the CPU: its times say nothing of a GPU. */
  readonly isSoftware: boolean;
}

export interface OpenDevice {
  readonly device: GpuDevice;
  readonly adapter: AdapterInfo;
  /** Compiled programs by their text. */
  readonly pipelines: Map<string, Promise<GpuPipeline>>;
  /** Throws what became of the device. */
  check(): void;
}

export const deviceError = (expected: string, found: string, cause?: unknown) =>
  new TritbankError('E_DEVICE', 'webgpu', `expected ${expected}, found ${found}`, { cause });

const messageOf = (cause: unknown) => (cause instanceof Error ? cause.message : String(cause)).split('\n')[0]!;

/** Drivers that are known to be programs. */
const software = /swiftshader|llvmpipe|lavapipe|basic render|warp/i;

function describe(info: GpuAdapterInfo): AdapterInfo {
  const { vendor, architecture, description, isFallbackAdapter = false } = info;
  const name = [vendor, architecture, description].filter((part) => part !== '').join(' ') || 'unnamed';
  return { name, isSoftware: isFallbackAdapter || software.test(name) };
}

/** A page has it at https: and localhost only. */
const navigatorsGpu = () => ((globalThis.navigator ?? {}) as { readonly gpu?: Gpu }).gpu;

/** A device with all the memory that its adapter has. E_DEVICE where there is none; `find` looks beyond the engine. */
export async function openDevice(find?: () => Promise<unknown>): Promise<OpenDevice> {
  const gpu = navigatorsGpu() ?? ((await find?.()) as Gpu | undefined);
  if (!gpu) {
    const expected = 'WebGPU (in a browser, on a page of https: or localhost; in Node, npm install webgpu)';
    throw deviceError(expected, 'an engine without');
  }
  const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
  if (!adapter) throw deviceError('an adapter of WebGPU', 'none: no GPU with a driver that the engine takes');
  const limits = ['maxStorageBufferBindingSize', 'maxBufferSize'] as const;
  const requiredLimits = Object.fromEntries(limits.map((limit) => [limit, adapter.limits[limit]!]));
  const device = await adapter.requestDevice({ requiredLimits }).catch((cause: unknown) => {
    throw deviceError('a device', messageOf(cause), cause);
  });
  let lost: string | undefined;
  device.lost.then(({ message }) => {
    lost = message || 'one that was lost';
  });
  return {
    device,
    adapter: describe(adapter.info),
    pipelines: new Map(),
    check() {
      if (lost !== undefined) throw deviceError('a device in use', lost);
    },
  };
}

/** What `work` gives, or E_DEVICE for what the device has against it. */
export async function inScope<T>(
  { device, check }: OpenDevice,
  filter: 'validation' | 'out-of-memory',
  expected: string,
  work: () => T | Promise<T>,
): Promise<T> {
  check();
  device.pushErrorScope(filter);
  let result: T | undefined;
  let cause: unknown;
  try {
    result = await work();
  } catch (error) {
    cause = error;
  }
  const refused = await device.popErrorScope();
  if (refused ?? cause) throw deviceError(expected, messageOf(refused?.message ?? cause), cause);
  return result as T;
}
