/** What of `@litertjs/core` is used here. */

export interface LiteRtTensor {
  moveTo(place: 'wasm'): Promise<LiteRtTensor>;
  toTypedArray(): Float32Array | Uint8Array | Int32Array;
}
export declare const Tensor: new (data: Float32Array | Uint8Array, shape: number[]) => LiteRtTensor;
export declare function loadAndCompile(
  model: Uint8Array,
  options: { accelerator: 'wasm' },
): Promise<{ run(inputs: LiteRtTensor[]): Promise<LiteRtTensor[]> }>;
