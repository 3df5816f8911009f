/** Exported C on emulated microcontrollers. */

export { controlNetwork } from './control.ts';
export { type Core, type CoreName, coreNamed, coreNames, coreOf } from './cores.ts';
export { predictStep, type StepCost, type StepKind, type StepShape, type TernaryShape } from './costs.ts';
export { type McuMeasure, type MeasureOptions, measureOnCore, type StepMeasure } from './measure.ts';
export { type McuConfig, type McuResult, measureModel } from './measure-model.ts';
export { predictOnCore } from './predict.ts';
export { installText, missingTools, runTool } from './tools.ts';
export { type Counts, type Run, type Workshop, withWorkshop } from './workshop.ts';
