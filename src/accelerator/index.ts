/** The accelerator: from networks of integers to programs of an array, and the cycle model that runs them. */

export {
  type ArrayParameters,
  addressBits,
  checkArray,
  defaultArray,
  entryBits,
  fittingDivisor,
  macArray,
  rowBits,
} from './array.ts';
export { compileNetwork } from './compile.ts';
export type { CompiledNetwork, ParameterWord, Task } from './compiled.ts';
export { type ConstantMemory, inWords, type MemoryWords, memoryWords, packBytes } from './memory-words.ts';
export { findAverageMultiplier, findSumMultipliers, type SumMultipliers, unitOf } from './multipliers.ts';
export {
  type AdderInstruction,
  type AdderStage,
  adderWords,
  type MacInstruction,
  macWords,
  programWords,
} from './program.ts';
export { type Engine, orderTasks, type TaskTime } from './schedule.ts';
export { loadImages, type Memory, type Simulation, simulate, simulateInTurns, type Write } from './simulate.ts';
export { type Span, type Timeline, timelineOf } from './timeline.ts';
export { adderTimes, fetchCycles, macTimes, type RowLengths, type Times } from './timing.ts';
export { denseLength, listLengths } from './weights.ts';
