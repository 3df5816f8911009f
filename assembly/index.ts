// The kernels of the runtime in AssemblyScript. Compiled by scripts/build-kernels.ts, which takes the comment `@inline`
// on a line of its own for AssemblyScript's decorator; called by src/runtime/kernels/wasm.ts. Editors know the types
// from tsconfig.json here; what they call wrong is arithmetic of type parameters, which TypeScript does not have.

export { float32_dense_float32, int4_dense_int8, int8_dense_int8 } from './dense';
export { depthwise } from './depthwise';
export { int4_dot_int8, int8_dot_int8, ternary_dot_int8 } from './dot';
export { add_int8, dequantize, quantize } from './elementwise';
export { ternary_listed_float32, ternary_listed_int8 } from './listed';
export { ternary_lookup3_int8, ternary_lookup4_float32, ternary_lookup4_int8 } from './lookup';
export { patches_float32, patches_int8, pool_float32, pool_int8 } from './planes';
export { float32_vector_float32, int4_vector_int8, int8_vector_int8, ternary_vector_int8 } from './vector';

/** Whether this module was compiled with relaxed SIMD. */
export const relaxed: i32 = ASC_FEATURE_RELAXED_SIMD ? 1 : 0;
