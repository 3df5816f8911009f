/**
 * The library `tritbank`: everything that the program does, as functions. A network is a `Graph`, which ONNX files are
 * read into and written from; compression rewrites it by a `Plan`; training differentiates it. `TritbankError` is the
 * one error that wrong input causes. What is not exported here may change in any release.
 *
 * @example
 * const result = await trainNetwork({ ...defaultConfig, data: 'mnist', method: 'hybrid' }, { out: 'runs/mnist' });
 * const { top1 } = await evaluateModel(result.model, { data: 'mnist' });
 */

export type { ExampleImage } from './classifier/compare.ts';
export {
  type Accuracy,
  type Agreement,
  type Change,
  type ClassifierData,
  type Comparison,
  compareEvaluations,
  compareModels,
  type DataOptions,
  type EvaluateOptions,
  type Evaluation,
  evaluateGraph,
  evaluateModel,
  type Interval,
  type Normalisation,
  openDataFor,
  type PairedDifference,
  readLabels,
  type Warnings,
} from './classifier/index.ts';
export { type Communicator, joinRanks, type Pending, type Summable } from './cluster/index.ts';
export type { Fits } from './compress/analysis-tasks.ts';
export type { CalibratedLayer, CalibrateProgress, LayerErrors } from './compress/calibrate/records.ts';
export type { Costs } from './compress/compress.ts';
export type { CompressStage, UniformChoice } from './compress/compress-config.ts';
export type { Fit } from './compress/decompose/decompose.ts';
export type { LayerWeights } from './compress/decompose/layer.ts';
export type { Start } from './compress/decompose/search.ts';
export {
  type Analysis,
  type AnalyzeOptions,
  analyzeNetwork,
  type Budget,
  type BuildOptions,
  type BuiltBanks,
  buildBanks,
  type CalibratedNetwork,
  type CalibrateOptions,
  type Candidate,
  type CompressConfig,
  type Compression,
  type CompressOptions,
  type CompressProgress,
  type CompressResult,
  type CompressSettings,
  type Control,
  calibrate,
  collectStatistics,
  compressModel,
  costCandidates,
  type DecomposeOptions,
  type Decomposition,
  type DeployedFile,
  decompose,
  defaultCompress,
  describePlan,
  type FitsCache,
  inspectModel,
  type LayerCandidates,
  type LayerStatistics,
  type ModelReport,
  makeCandidates,
  type OriginalFile,
  openCache,
  optimizePlan,
  predictLoss,
  type RuntimeUse,
  type StatisticsOptions,
  sensitivitiesOf,
} from './compress/index.ts';
export type { InputReport, InspectOptions, LayerReport, TensorReport } from './compress/inspect.ts';
export type { Item, Knapsack, Solution } from './compress/planning/knapsack-problem.ts';
export type {
  CostedLayer,
  CostVector,
  LayerWork,
  NetworkCosts,
  PlannerOptions,
} from './compress/planning/layer-costs.ts';
export type { CandidateGrid } from './compress/planning/make-candidates.ts';
export type { OptimizedPlan } from './compress/planning/optimize.ts';
export type { PlanSolver } from './compress/planning/solver-here.ts';
export type { TargetCosts } from './compress/planning/target.ts';
export type { AnalysisData, AnalyzedLayer, SparserFit } from './compress/sensitivity.ts';
export type { Pass } from './compress/statistics/options.ts';
export type { LayerMilliseconds, TargetFigures } from './compress/target-figures.ts';
export type { MemoryEnergies, OperationCost } from './cost/accelerator.ts';
export type { LayerEstimate } from './cost/estimate.ts';
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
  formatPlan,
  type LayerCost,
  loadAccelerator,
  measureCost,
  measureStorage,
  type NetworkCost,
  type NodeCost,
  type NumberFormat,
  type OperationCounts,
  type Packing,
  type PlanFile,
  type PlanTarget,
  packings,
  paperConventions,
  parseAccelerator,
  type Relative,
  readPlan,
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
export type { PlanFigure } from './cost/plan-file.ts';
export type { Residual } from './cost/table1.ts';
export type { CropWindow } from './data/image.ts';
export {
  type AugmentOptions,
  type Batch,
  type BatchOptions,
  batches,
  computeSpeechFeatures,
  type Dataset,
  datasetNames,
  type ImageShape,
  type OpenOptions,
  openDataset,
  type PackOptions,
  packFolder,
  type ShardClass,
  type ShardIndex,
  type ShardRecord,
  type SpeechFeatures,
  type SpeechImage,
  type Split,
  type Statistics,
  statistics,
  stratifiedSubset,
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
export type { StatePart } from './engine/program.ts';
export { devices } from './engine/session.ts';
export { type ExportCConfig, type ExportCResult, exportModelToC } from './export/c/index.ts';
export type { MemoryBlock } from './export/c/memory.ts';
export type { ExportProgress, ExportRunOptions } from './export/export-model.ts';
export {
  type Calibration,
  type ExportConfig,
  type ExportOptions,
  type ExportResult,
  exportModel,
  exportOnnx,
} from './export/index.ts';
export type { ExportForms } from './export/onnx/options.ts';
export * from './graph.ts';
export type { Size, SizeOption } from './images/size.ts';
export {
  type CoreName,
  type McuConfig,
  type McuResult,
  measureModel,
  predictStep,
  type StepCost,
  type StepKind,
  type StepShape,
  type TernaryShape,
} from './mcu/index.ts';
export type { McuMeasure, StepMeasure } from './mcu/measure.ts';
export { printTable, type ReportOptions, renderReport } from './report/index.ts';
export { type StudioOptions, type StudioServer, serveStudio } from './serve/studio.ts';
export {
  type BankShape,
  type Limit,
  type LimitName,
  type Limits,
  type PlanningTarget,
  type Resource,
  readTarget,
  type TargetMachine,
  type Totals,
} from './targets/index.ts';
export {
  buildStep,
  checkConfig,
  defaultConfig,
  type EpochRecord,
  type FineTuneConfig,
  type FineTuneModelConfig,
  type FineTuneTask,
  fineTune,
  fineTuneModel,
  type LayerRecord,
  type Method,
  type OptimizerOptions,
  type RunOptions,
  type RunResult,
  type ScheduleOptions,
  type StepGraph,
  type StepOptions,
  type TrainConfig,
  type TrainProgress,
  trainNetwork,
  transferDefaults,
} from './train/index.ts';
export type { Distillation } from './train/loss.ts';
export type { Oscillation, TernaryControl } from './train/pins.ts';
export { methods, type Phase, type SampleRecord } from './train/records.ts';
export type { DownloadProgress } from './zoo/download.ts';
export { type DownloadOptions, getFromZoo, listZoo, type ModelCard, type ZooFile, type ZooModel } from './zoo/index.ts';
