/** ONNX files to graphs and back. Browser code imports `read.ts` and `write.ts` directly: `files.ts` needs Node. */

export type { ExternalSource } from './external.ts';
export { fingerprint, loadModel, openModel, type SaveOptions, type StoredModel, saveModel } from './files.ts';
export { type ReadOptions, readModel } from './read.ts';
export type { ExternalSink } from './tensors.ts';
export { codeToDtype, dtypeToCode } from './types.ts';
export { newestOpset, oldestOpset } from './upgrade.ts';
export { initializerBytes, maxModelBytes, type WriteOptions, writeModel } from './write.ts';
