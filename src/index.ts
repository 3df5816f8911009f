/**
 * The library `tritbank`: everything that the program does, as functions. A network is a `Graph`, which ONNX files are
 * read into and written from; compression rewrites it by a `Plan`; training differentiates it. `TritbankError` is the
 * one error that wrong input causes. What is not exported here may change in any release.
 *
 * @example
 * const result = await trainNetwork({ ...defaultConfig, data: 'mnist', method: 'hybrid' }, { out: 'runs/mnist' });
 * const { top1 } = await evaluateModel(result.model, { data: 'mnist' });
 */

export { type DifferentiateOptions, differentiate } from './autodiff/differentiate.ts';
export {
  type Accelerator,
  type Arithmetic,
  accelerators,
  applyConventions,
  type Conventions,
  type CostOptions,
  type CostSetting,
  computeTable1,
  type Estimate,
  type EstimateOptions,
  estimate,
  type LayerCost,
  loadAccelerator,
  measureCost,
  measureStorage,
  type NetworkCost,
  type NodeCost,
  type NumberFormat,
  type OperationCounts,
  type Packing,
  packings,
  paperConventions,
  parseAccelerator,
  type Relative,
  type Storage,
  type StorageLayer,
  type StorageMethod,
  type StorageScheme,
  type StorageSchemeName,
  type Sweep,
  type SweepOptions,
  type SweepPoint,
  storageSchemes,
  sweepCost,
  type Table1,
  type Table1Row,
  type UnknownOperator,
  type Work,
} from './cost/index.ts';
export {
  type AugmentOptions,
  type Batch,
  type BatchOptions,
  batches,
  type Dataset,
  datasetNames,
  type ImageShape,
  type OpenOptions,
  openDataset,
  type Split,
  type Statistics,
  statistics,
  subset,
} from './data/index.ts';
export {
  availableDevices,
  type CompileOptions,
  compile,
  compileProgram,
  type Device,
  type Executable,
  type Feeds,
  type Program,
  type StateSlot,
} from './engine/index.ts';
export {
  type DType,
  type ErrorCode,
  f32,
  Graph,
  i64,
  type Node,
  printGraph,
  Random,
  type Shape,
  scalar,
  type Tensor,
  type TensorType,
  TritbankError,
  type Value,
  verify,
} from './ir/index.ts';
export { type ArchitectureOptions, architectures, buildNetwork, NetworkBuilder } from './models/index.ts';
export {
  loadModel,
  newestOpset,
  oldestOpset,
  type ReadOptions,
  readModel,
  type SaveOptions,
  saveModel,
  type WriteOptions,
  writeModel,
} from './onnx/index.ts';
export { Builder, type OpType, opTypes } from './ops/index.ts';
export { foldBatchNorm, foldConstants, inferShapes, removeMarkers } from './passes/index.ts';
export {
  applyPlan,
  deploy,
  findLayers,
  type Granularity,
  type Layer,
  type LayerKind,
  type LayerPlan,
  makePlan,
  type Plan,
  type PlanOptions,
  type QuantizedNetwork,
  ternarize,
  toFrozen,
  toTernary,
} from './quantize/index.ts';
export { printTable, type ReportOptions, renderReport } from './report/index.ts';
export {
  AbortError,
  buildStep,
  checkConfig,
  defaultConfig,
  type EpochRecord,
  type Evaluation,
  type EvaluationData,
  evaluateGraph,
  evaluateModel,
  type LayerRecord,
  type Method,
  type Normalisation,
  type OptimizerOptions,
  type RunOptions,
  type RunResult,
  type ScheduleOptions,
  type StepGraph,
  type StepOptions,
  type TrainConfig,
  type TrainProgress,
  trainNetwork,
} from './train/index.ts';
