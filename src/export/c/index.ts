/** C99 for microcontrollers. */

export { type CExport, type CExportOptions, exportC } from './export-c.ts';
export { type Optimize, optimizeNames } from './matrix.ts';
export type { Program } from './program.ts';
