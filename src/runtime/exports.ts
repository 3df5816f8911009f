/** What both entries of `tritbank/runtime` export besides the calls. */

export { type ErrorCode, TritbankError } from '../ir/errors.ts';
export type { Api, SessionFactory } from './api.ts';
export type { LayerTime } from './engine.ts';
export type { Feeds } from './feeds.ts';
export type { FetchOptions } from './fetches.ts';
export type { ImageDataLike } from './images/read-pixels.ts';
export type { KernelKind } from './load-kernels.ts';
export type { Classification, ClassifyOptions, ImageClassifier, PipelineOptions } from './pipeline.ts';
export type { ModelSource } from './platform.ts';
export type { DeviceKind, InferenceSession as Session, MemoryUse, SessionOptions, ValueMetadata } from './session.ts';
export { type Storage as TensorData, Tensor, type TensorDataType } from './tensor.ts';
export type { AdapterInfo } from './webgpu/index.ts';
