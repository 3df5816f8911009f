/**
 * `tritbank/graph`: networks as graphs, without what runs, trains or measures them: reading and writing ONNX files,
 * building, rewriting, differentiating, plans and the networks of plans. Loads neither ONNX Runtime nor an image library.
 *
 * @example
 * import { applyPlan, deploy, loadModel, makePlan, normalizeNetwork, toFrozen } from 'tritbank/graph';
 *
 * const graph = normalizeNetwork(await loadModel('mobilenet.onnx'));
 * const network = applyPlan(graph, makePlan(graph, { method: 'hybrid', alpha: 0.5 }), 1);
 * const hybrid = deploy(toFrozen(network, new Map()), new Map());
 */

export { type DifferentiateOptions, differentiate } from './autodiff/differentiate.ts';
export {
  type Format,
  loadModel,
  type OpenedModel,
  type OpenOptions,
  openModel,
} from './formats/index.ts';
export type { Attribute, Attributes, Dim, NodeOptions } from './ir/graph.ts';
export {
  AbortError,
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
export type { RandomKey, RandomState } from './ir/random.ts';
export { dtypes, type Elements } from './ir/tensor.ts';
export type { TernaryCounts } from './ir/ternary.ts';
export type { Architecture, Strides } from './models/architecture.ts';
export { type ArchitectureOptions, architectures, buildNetwork, NetworkBuilder } from './models/index.ts';
export type { Activation, ConvOptions } from './models/network-builder.ts';
export type { ExternalSource } from './onnx/external.ts';
export {
  fingerprint,
  newestOpset,
  oldestOpset,
  type ReadOptions,
  readModel,
  type SaveOptions,
  type StoredModel,
  saveModel,
  type WriteOptions,
  writeModel,
} from './onnx/index.ts';
export type { ExternalSink } from './onnx/tensors.ts';
export type { Operand } from './ops/builder.ts';
export { Builder, type OpType, opTypes } from './ops/index.ts';
export type { FoldConstantsOptions } from './passes/fold-constants.ts';
export {
  type ActivationType,
  activationTypeOf,
  foldBatchNorm,
  foldConstants,
  freeBatch,
  inferShapes,
  normalizeNetwork,
  permuteFilters,
  removeMarkers,
  setOutputStride,
  setUnitStrides,
  unpackNetwork,
} from './passes/index.ts';
export type { InferShapesOptions } from './passes/infer-shapes.ts';
export type { NormalizeOptions } from './passes/normalize/normalize-network.ts';
export type { Order } from './passes/permute-filters/order.ts';
export type { PermutedFilters } from './passes/permute-filters/permute-filters.ts';
export type { ApplyOptions, TernaryWeight } from './quantize/apply.ts';
export {
  applyPlan,
  type Bank,
  type BankParts,
  type BankPlan,
  bankPlan,
  checkPlan,
  deploy,
  type Factors,
  type FilterBits,
  type FullPlan,
  findBanks,
  findLayers,
  type Granularity,
  initialState,
  type Layer,
  type LayerKind,
  type LayerPlan,
  makePlan,
  orderFilters,
  type Plan,
  type PlannedNetwork,
  type PlanOptions,
  type QuantizedNetwork,
  ternarize,
  toFrozen,
  toTernary,
} from './quantize/index.ts';
export type { Ternary } from './quantize/ternarize.ts';
export { readTfjs, type ShardSource, type TfjsOptions } from './tfjs/index.ts';
export { readTflite, type TfliteOptions } from './tflite/index.ts';
