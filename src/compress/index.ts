export { cacheDirectory, type FitsCache, openCache } from './analysis-cache.ts';
export { formatAnalysis, readAnalysis } from './analysis-file.ts';
export { keepAnalyzed } from './analysis-progress.ts';
export { type BuildOptions, type BuiltBanks, buildBanks } from './build-banks.ts';
export { type CalibratedNetwork, type CalibrateOptions, calibrate } from './calibrate/calibrate.ts';
export { type Compression, type CompressResult, compressModel } from './compress.ts';
export {
  type CompressConfig,
  type CompressOptions,
  type CompressProgress,
  type CompressSettings,
  checkCompressConfig,
  defaultCompress,
  schemeOf,
  takeArray,
  trainingDefaults,
} from './compress-config.ts';
export { type Decomposition, decompose } from './decompose/decompose.ts';
export type { DecomposeOptions } from './decompose/options.ts';
export type { Control, DeployedFile, OriginalFile, RuntimeUse } from './deployment.ts';
export { inspectModel, type ModelReport } from './inspect.ts';
export { measureLayers } from './measure-layers.ts';
export { type Budget, budgetNames } from './planning/budget.ts';
export type { Candidate, LayerCandidates } from './planning/candidate.ts';
export { describePlan } from './planning/describe-plan.ts';
export { costCandidates } from './planning/layer-costs.ts';
export { checkAnalysis, filterSensitivity, makeCandidates, predictLoss } from './planning/make-candidates.ts';
export { optimizePlan } from './planning/optimize.ts';
export { type Analysis, type AnalyzeOptions, analyzeNetwork } from './sensitivity.ts';
export {
  collectStatistics,
  type LayerStatistics,
  type StatisticsOptions,
  sensitivitiesOf,
} from './statistics/statistics.ts';
