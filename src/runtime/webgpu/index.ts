/**
 * Networks on WebGPU: products with weights that stay packed, depthwise convolutions, pools and most else as programs in
 * WGSL, the rest on the CPU. Loaded when a session asks for it, so that other pages do not pay for it.
 */

import type { ElementType, Kernels, PackedProduct, Weights } from '../kernels/kernels.ts';
import { type AdapterInfo, openDevice } from './device.ts';
import { prepareForDevice } from './product.ts';
import { createRunner, type Plan, type Runner } from './runner.ts';

export type { AdapterInfo } from './device.ts';

export interface GpuBackend {
  readonly adapter: AdapterInfo;
  prepare(weights: Weights, activations: ElementType): PackedProduct;
  /** Of a plan whose constants are in the memory of `kernels`. */
  start(plan: Plan, kernels: Kernels): Promise<Runner>;
  release(): void;
}

/** E_DEVICE where there is no WebGPU. `find` gives what stands for `navigator.gpu` where there is none. */
export async function openGpu(find?: () => Promise<unknown>): Promise<GpuBackend> {
  const open = await openDevice(find);
  return {
    adapter: open.adapter,
    prepare: prepareForDevice,
    start: (plan, kernels) => createRunner(open, plan, kernels),
    release: () => open.device.destroy(),
  };
}
