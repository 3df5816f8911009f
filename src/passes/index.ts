export { toBatchLast } from './batch-last.ts';
export { eliminateCommon } from './eliminate-common.ts';
export { foldConstants } from './fold-constants.ts';
export { inferShapes } from './infer-shapes.ts';
export { batchStatistics, isTrainingBatchNorm, lowerBatchNorm } from './lower-batch-norm.ts';
export { lowerDepthwise } from './lower-depthwise.ts';
export { removeDead } from './remove-dead.ts';
export { removeMarkers } from './remove-markers.ts';
