/** What the module exports, as assembly/index.ts does. */

type Numbers<N extends number, T extends number[] = []> = T['length'] extends N ? T : Numbers<N, [...T, number]>;

/** Functions that find their parameters at an address. */
type ByAddress = (call: number) => void;

export interface KernelExports {
  readonly relaxed: WebAssembly.Global;
  readonly depthwise: ByAddress;
  readonly add_int8: (...args: Numbers<12>) => void;
  readonly quantize: (...args: Numbers<5>) => void;
  readonly dequantize: (...args: Numbers<5>) => void;
  readonly patches_int8: (...args: Numbers<17>) => void;
  readonly patches_float32: (...args: Numbers<17>) => void;
  readonly pool_int8: (...args: Numbers<23>) => void;
  readonly pool_float32: (...args: Numbers<23>) => void;
}

export type ProductExports = Readonly<Record<string, ByAddress>>;
