/** What the module exports, as assembly/index.ts does. */

import type { VariantName } from '../kernels.ts';

/** Functions that find their parameters at an address. */
type ByAddress = (call: number) => void;

type Quantize = (x: number, y: number, count: number, scale: number, zeroPoint: number) => void;

export type KernelExports = { readonly [K in VariantName]: ByAddress } & {
  readonly relaxed: WebAssembly.Global;
  readonly depthwise: ByAddress;
  readonly add_int8: ByAddress;
  readonly quantize: Quantize;
  readonly dequantize: Quantize;
  readonly patches_int8: ByAddress;
  readonly patches_float32: ByAddress;
  readonly pool_int8: ByAddress;
  readonly pool_float32: ByAddress;
};
