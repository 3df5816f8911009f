/** C99 for microcontrollers. */

export { type CExport, type CExportOptions, exportC } from './export-c.ts';
export { type ExportCConfig, type ExportCResult, exportModelToC, readIntegers } from './export-files.ts';
export { type Layout, layoutNames } from './layout-names.ts';
export { type Optimize, optimizeNames } from './optimize.ts';
export { makeProgram, type Program } from './program.ts';
