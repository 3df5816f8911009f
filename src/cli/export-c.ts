/** `tritbank export --to c`: what it refuses, what it writes, what it prints. */

import { basename, dirname, join } from 'node:path';
import type { ImageForm } from '../classifier/image-form.ts';
import type { ExportCResult, Layout, Optimize } from '../export/c/index.ts';
import { TritbankError } from '../ir/errors.ts';
import { type CommonOptions, printResult, quoteWord } from './command.ts';
import { openNetwork } from './hardware/quantized-images.ts';
import { warn } from './output.ts';

export interface ExportCOptions extends CommonOptions {
  readonly out: string;
  readonly name?: string;
  readonly optimize?: Optimize;
  readonly layout?: Layout;
  /** Where images of the test come from. */
  readonly data?: string;
  readonly dataDir?: string;
  /** How many of them. */
  readonly images?: number;
  readonly force?: boolean;
}

/** Images of the test, where data is given. */
const defaultImages = 3;

export async function exportToC(
  model: string,
  options: ExportCOptions & Readonly<Record<string, unknown>>,
  form: ImageForm,
): Promise<void> {
  const [{ exportModelToC }, { predictCores }] = await Promise.all([
    import('../export/c/index.ts'),
    import('../mcu/predict.ts'),
  ]);
  const { out, name, optimize, layout, data, dataDir, images = defaultImages, force } = options;
  const about = options.images !== undefined ? '--images' : dataDir !== undefined ? '--data-dir' : undefined;
  if (data === undefined && about !== undefined) {
    throw new TritbankError('E_USAGE', '--data', `expected images for ${about}, found none`);
  }
  const choice = { model, images, ...form, ...(dataDir !== undefined && { dataDir }) };
  const opened = data === undefined ? undefined : await openNetwork({ ...choice, data }, warn);
  const result = await exportModelToC({
    ...{ model, out, costs: predictCores },
    ...(name !== undefined && { name }),
    ...(optimize && { optimize }),
    ...(layout && { layout }),
    ...(opened && { images: opened.images }),
    ...(force && { force }),
  });
  const { printPairs } = await import('../report/text-table.ts');
  printResult(options, result, () => printPairs(describe(result)));
}

function describe({ out, name, optimize, bytes, steps, rows, files }: ExportCResult): [string, string][] {
  const test = files.find((file) => basename(file) === 'test.c')!;
  const size = (n: number) => `${n.toLocaleString('en-US')} bytes`;
  return [
    ['constants', `${size(bytes.flash)} of flash, the kernels' code besides; optimized for ${optimize}`],
    ['arena', `${size(bytes.arena)} of RAM; the input takes ${size(bytes.input)}, the scores ${size(bytes.scores)}`],
    ['rows', `${rows.integer} requantized in integers, ${rows.float} in float32`],
    ['steps', `${steps.length}`],
    [
      'files',
      `${name}.c, ${name}.h, tritbank_kernels.c and more in ${out}; make -C ${quoteWord(join(out, dirname(test)))} test compares all layers`,
    ],
  ];
}
