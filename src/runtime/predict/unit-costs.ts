/**
 * Nanoseconds of each count of `workOf`, fitted by `npm run bench -- kernels --calibrate` on an AMD EPYC (Zen 4). Loops in
 * TypeScript that are rare in classifiers are not fitted: they take what `affine` takes.
 */

const unitCosts: Readonly<Record<string, readonly number[]>> = {
  depthwise_stride1_int8: [4.45, 1.08, 0.339, 16.9],
  depthwise_stride2_int8: [5.39, 1.31, 1.2, 33.3],
  depthwise_any_int8: [2.88, 0],
  patches_int8_whole: [0.0335, 8.09],
  patches_int8_strided: [0.0836, 7.86],
  global_average_pool_int8: [0.053, 5.98],
  average_pool_int8: [1.96, 0],
  maximum_pool_int8: [1.73, 0],
  depthwise_stride1_float32: [3.47, 0, 0.404, 18.4],
  depthwise_stride2_float32: [4.17, 0.262, 1.82, 25.4],
  depthwise_any_float32: [1.89, 0],
  patches_float32_whole: [0.0953, 5.96],
  patches_float32_strided: [0.289, 5.82],
  global_average_pool_float32: [0.149, 4.18],
  average_pool_float32: [1.42, 0],
  maximum_pool_float32: [1.9, 0],
  addInt8: [0.497, 774],
  quantize: [0.244, 361],
  dequantize: [0.146, 386],
  channels: [0.0235, 19.4],
  affine: [1.5, 0],
};

export const costsOf = (kernel: string): readonly number[] => unitCosts[kernel] ?? unitCosts.affine!;
