/** Elements of a tensor in row-major order: float32 of activations, more precise ones of constants. */
export type Elements = Float32Array | Float64Array;
