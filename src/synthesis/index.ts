export { modelOfFpga, modelOfUnits } from './accelerator-model.ts';
export { GateSimulator, type Stimulus } from './activity.ts';
export { arrayDesign, arraySources, hardwareSources } from './array-design.ts';
export { type BlockEnergy, type BlockRun, type EnergyOptions, energyOfBlock } from './energy.ts';
export { type FpgaFigures, fpgaDevices, fpgaFigures } from './fpga.ts';
export { type CellLibrary, parseLibrary } from './liberty/library.ts';
export {
  defaultLibrary,
  type LibraryName,
  libraryNames,
  namedLibraries,
  type OpenedLibrary,
  openLibrary,
} from './liberty/open.ts';
export type { Netlist } from './netlist.ts';
export { type ProcessName, processNames, processOf } from './processes.ts';
export { type SramCost, type SramProcess, type SramShape, sramCost, sramProcesses } from './sram.ts';
export {
  type Block,
  type Design,
  mappingGoals,
  type Synthesis,
  type SynthesisOptions,
  synthesize,
} from './synthesize.ts';
export { toolOrigins } from './tools/tool.ts';
export { drawnTraces, type LayerTrace, networkTraces, type UnitTraces } from './traces.ts';
export { measureUnits, type Unit, type UnitMeasures, type UnitOptions } from './units.ts';
