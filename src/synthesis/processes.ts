/** Processes that the SRAM model is scaled to, and which of them a library's cells are made in. */

import type { CellLibrary } from './liberty/library.ts';
import { sramProcesses } from './sram.ts';

export type ProcessName = keyof typeof sramProcesses;

export const processNames = Object.keys(sramProcesses) as readonly ProcessName[];

/** By the library's name; undefined for one of another process, or that does not say. */
export const processOf = ({ name }: Pick<CellLibrary, 'name'>): ProcessName | undefined =>
  processNames.find((process) => name.toLowerCase().includes(process));
