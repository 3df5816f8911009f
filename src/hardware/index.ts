/** Networks on arrays, measured: cycles, areas, energies, memories. */

export { measuredArrays } from './arrays.ts';
export {
  type ArraySweep,
  arraysOf,
  type Candidates,
  defaultSweep,
  nameArray,
  type RefusedArray,
} from './candidates.ts';
export { checkControl } from './control.ts';
export { type Exploration, type ExploredArray, type ExploreOptions, exploreArrays } from './explore.ts';
export type { GateEnergy, TaskEnergy } from './gate-energy.ts';
export { bandwidthOf, engineNames, type LayerFigures, layerFigures, peakOf } from './layer-figures.ts';
export {
  type ArrayFigures,
  type CycleFigures,
  compileStream,
  type MeasureOptions,
  measureArray,
  measureCycles,
} from './measure.ts';
export type { MemoryFigures, MemoryUse } from './memories.ts';
export { type MeasuredCase, type MeasuredRow, type MeasuredTable, measureTable } from './table.ts';
