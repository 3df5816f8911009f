import { inspectModel } from '../../../../src/compress/inspect.ts';
import { analyzeNetwork } from '../../../../src/compress/sensitivity.ts';
import { makeCandidates } from '../../../../src/compress/planning/make-candidates.ts';
import { costCandidates } from '../../../../src/compress/planning/layer-costs.ts';
import { optimizePlan } from '../../../../src/compress/planning/optimize.ts';
import { describePlan } from '../../../../src/compress/planning/describe-plan.ts';
import { calibrate } from '../../../../src/compress/calibrate/calibrate.ts';
import { collectStatistics } from '../../../../src/compress/statistics/statistics.ts';
import { exportOnnx } from '../../../../src/export/onnx/index.ts';
import { readModel, writeModel } from '../../../../src/onnx/index.ts';
import { readTflite } from '../../../../src/tflite/index.ts';
import { pipeline } from '../../../../src/runtime/index.ts';
import { formatPlan } from '../../../../src/cost/index.ts';
import { readTarget } from '../../../../src/targets/index.ts';
import { costOnTarget } from '../../../../src/compress/planning/target.ts';
import { buildStep } from '../../../../src/train/step.ts';

Object.assign(globalThis, { inspectModel, analyzeNetwork, makeCandidates, costCandidates, optimizePlan, describePlan, calibrate, collectStatistics, exportOnnx, readModel, writeModel, readTflite, pipeline, formatPlan, readTarget, costOnTarget, buildStep });
