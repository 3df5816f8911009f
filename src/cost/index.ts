export {
  type Accelerator,
  accelerators,
  formatOf,
  loadAccelerator,
  type MeasuredUnit,
  type Measurement,
  type NumberFormat,
  type OperationCost,
  parseAccelerator,
} from './accelerator.ts';
export { addArithmetic, applyConventions, paperConventions } from './conventions.ts';
export { type CountedGraph, type CountedLayer, type CountedNode, countGraph, countKnown, type Sizes } from './count.ts';
export { countedForm } from './counted-form.ts';
export { type Estimate, type EstimateOptions, estimate } from './estimate.ts';
export type { Group, Part } from './groups.ts';
export {
  type CostOptions,
  chooseSetting,
  compare,
  measureCost,
  otherWork,
  type Reference,
  type Setting,
  uncompressedReference,
  workOf,
} from './measure.ts';
export type { PaperRow } from './paper.ts';
export {
  formatPlan,
  type PlanFile,
  type PlanPrediction,
  type PlanSettings,
  type PlanTarget,
  parsePlan,
  readPlan,
} from './plan-file.ts';
export { predictLayers } from './predict.ts';
export type {
  Arithmetic,
  Conventions,
  CostSetting,
  LayerCost,
  NetworkCost,
  NodeCost,
  OperationCounts,
  Relative,
  Sweep,
  SweepPoint,
  UnknownOperator,
  Work,
} from './records.ts';
export {
  measureLayer,
  measureStorage,
  type Packing,
  packings,
  type Storage,
  type StorageLayer,
  type StorageMethod,
  type StorageScheme,
  type StorageSchemeName,
  storageSchemes,
} from './storage.ts';
export { type SweepOptions, sweepCost } from './sweep.ts';
export { buildTable1Graphs, computeTable1, type Table1, type Table1Row } from './table1.ts';
