/** Networks as Verilog: the accelerator with a network's programs and memories. */

export { type VerilogProject, writeVerilogProject, writeVerilogProjectInTurns } from './project.ts';
export {
  findRtlSimulator,
  keepsTime,
  type RtlRun,
  type RtlSimulator,
  readRtlLog,
  rtlSimulators,
  runRtl,
} from './run-rtl.ts';
