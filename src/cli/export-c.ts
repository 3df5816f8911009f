/** `tritbank export --to c`: what it refuses, what it writes, what it prints. */

import type { ExportCResult, Optimize } from '../export/c/index.ts';
import { TritbankError } from '../ir/errors.ts';
import { type CommonOptions, printResult } from './command.ts';

export interface ExportCOptions extends CommonOptions {
  readonly out: string;
  readonly name?: string;
  readonly optimize?: Optimize;
  readonly force?: boolean;
}

/** Options of the ONNX format that say nothing here: the file has its form already. */
const others = ['activations', 'filters', 'ternary', 'labels', 'data', 'dataDir', 'images', 'samples'] as const;

export async function exportToC(
  model: string,
  options: ExportCOptions & Readonly<Record<string, unknown>>,
): Promise<void> {
  const given = others.find((name) => options[name] !== undefined);
  if (given) {
    const flag = `--${given.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
    throw new TritbankError('E_USAGE', flag, 'expected it with --to onnx only, found it with --to c');
  }
  const { exportModelToC } = await import('../export/c/index.ts');
  const { out, name, optimize, force } = options;
  const result = await exportModelToC({
    ...{ model, out },
    ...(name !== undefined && { name }),
    ...(optimize && { optimize }),
    ...(force && { force }),
  });
  const { printPairs } = await import('../report/text-table.ts');
  printResult(options, result, () => printPairs(describe(result)));
}

function describe({ out, name, optimize, bytes, steps, rows }: ExportCResult): [string, string][] {
  const size = (n: number) => `${n.toLocaleString('en-US')} bytes`;
  return [
    ['constants', `${size(bytes.flash)} of flash, the kernels' code besides; optimized for ${optimize}`],
    ['arena', `${size(bytes.arena)} of RAM; the input takes ${size(bytes.input)}, the scores ${size(bytes.scores)}`],
    ['rows', `${rows.integer} requantized in integers, ${rows.float} in float32`],
    ['steps', `${steps.length}`],
    ['files', `${out}/${name}.c, ${name}.h, tritbank_kernels.c and more; make -C ${out} test compares all layers`],
  ];
}
