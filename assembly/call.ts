// Parameters of a call, written by src/runtime/kernels/wasm/parameters.ts into the first bytes of its scratch memory:
// raw structures without a header, every field of four bytes. No state is kept in globals, so that instances on several
// threads can share the code and one memory.

/** What follows a sum; at offset 0 of the parameters. `type`: 0 for int8, 1 for float32. */
@unmanaged
export class Epilogue {
  type: i32;
  biases: usize;
  multipliers: usize;
  zeroPoint: i32;
  lower: f32;
  upper: f32;
  /** Upper bounds by row, or 0. */
  uppers: usize;
  unused: i32;
}

/** At offset 32. Strides in bytes. */
@unmanaged
export class Product {
  data: usize;
  scratch: usize;
  x: usize;
  xStride: usize;
  y: usize;
  yStride: usize;
  from: i32;
  to: i32;
  rows: i32;
  columns: i32;
}

/** Planes under a window that slides over them. */
@unmanaged
export class Windowed {
  x: usize;
  y: usize;
  height: i32;
  width: i32;
  outHeight: i32;
  outWidth: i32;
  from: i32;
  to: i32;
  kernelHeight: i32;
  kernelWidth: i32;
  strideHeight: i32;
  strideWidth: i32;
  dilationHeight: i32;
  dilationWidth: i32;
  top: i32;
  left: i32;
}

/** At offset 32. */
@unmanaged
export class Depthwise extends Windowed {
  weights: usize;
  scratch: usize;
  padValue: f32;
}

/** At offset 0. */
@unmanaged
export class Patches extends Windowed {
  padValue: f32;
}

/** At offset 0. The last three are of int8 only. */
@unmanaged
export class Pool extends Windowed {
  bottom: i32;
  right: i32;
  isMaximum: i32;
  countPads: i32;
  inputZero: i32;
  zeroPoint: i32;
  multiplier: f32;
}

/** At offset 0. */
@unmanaged
export class Sum {
  a: usize;
  b: usize;
  y: usize;
  count: i32;
  aZero: i32;
  bZero: i32;
  zeroPoint: i32;
  lower: i32;
  upper: i32;
  aScale: f32;
  bScale: f32;
  scale: f32;
}

// @inline
export function epilogueOf(call: usize): Epilogue {
  return changetype<Epilogue>(call);
}

// @inline
export function productOf(call: usize): Product {
  return changetype<Product>(call + 32);
}

// @inline
export function depthwiseOf(call: usize): Depthwise {
  return changetype<Depthwise>(call + 32);
}

// @inline
export function planeStride(pixels: i32): i32 {
  return (pixels + 31) & ~31;
}
