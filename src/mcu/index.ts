/** Exported C on emulated microcontrollers. */

export { controlNetwork } from './control.ts';
export { type Core, type CoreName, coreNames, coreOf } from './cores.ts';
export { type McuMeasure, type MeasureOptions, measureOnCore, type StepMeasure } from './measure.ts';
export { type McuConfig, type McuResult, measureModel } from './measure-model.ts';
export { missingTools } from './tools.ts';
