/** Machines to plan for: what layers and filter banks take on them. */

export { arrayTarget } from './array/array-target.ts';
export { arrayNames, isArrayFile, parseArray, readArray } from './array/read-array.ts';
export { coreTarget } from './core/core-target.ts';
export { figureOf, isShare, type Limit, type Limits, limitKindOf, limitsIn } from './limits.ts';
export { readTarget, type TargetMachine, targetNames } from './open.ts';
export {
  type BankShape,
  type LimitName,
  limitNames,
  limitUnits,
  type PlanningTarget,
  type Resource,
  type Totals,
} from './target.ts';
export { wasmTarget } from './wasm/wasm-target.ts';
