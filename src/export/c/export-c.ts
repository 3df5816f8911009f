/** A network of integers as C99 in a folder. */

import type { IntegerNetwork } from '../../integer/index.ts';
import { type CoreCost, readmeText } from './build-files.ts';
import { kernelHeader, kernelSource } from './kernels.ts';
import { layOut } from './layout.ts';
import type { Layout } from './layout-names.ts';
import { makeProgram, type Program, type ProgramOptions } from './program.ts';
import { headerText, sourceText } from './source.ts';
import { testText } from './test-program.ts';

export interface CExportOptions extends ProgramOptions {
  /** Drawn images that the test compares (default: 3). */
  readonly drawn?: number;
  /** Images that the test compares besides, as integers of the network's input. */
  readonly images?: readonly Int8Array[];
  /** Of the folder (default: plain). */
  readonly layout?: Layout;
  /** What it takes on cores, for the README (default: nothing is said). */
  readonly costs?: (program: Program) => readonly CoreCost[];
}

export interface CExport {
  readonly program: Program;
  /** Contents by path. */
  readonly files: ReadonlyMap<string, string>;
}

/**
 * The files of a network in C99. E_UNSUPPORTED for a layer without a kernel in C.
 */
export function exportC(network: IntegerNetwork, options: CExportOptions): CExport {
  const program = makeProgram(network, options);
  const { name } = program;
  const code = new Map([
    [`${name}.h`, headerText(program)],
    [`${name}.c`, sourceText(program)],
    ['tritbank_kernels.h', kernelHeader()],
    ['tritbank_kernels.c', kernelSource(program.steps)],
    ['test.c', testText(program, options.drawn ?? 3, options.images)],
    ['README.md', readmeText(program, options.costs?.(program))],
  ]);
  return { program, files: layOut(program, code, options.layout ?? 'plain') };
}
