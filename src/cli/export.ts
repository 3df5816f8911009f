/** `tritbank export`: a model as a file for deployment. */

import type { ImageForm } from '../classifier/image-form.ts';
import { type Layout, layoutNames } from '../export/c/layout-names.ts';
import { type Optimize, optimizeNames } from '../export/c/optimize.ts';
import type { ExportConfig, ExportProgress, ExportResult } from '../export/index.ts';
import { TritbankError } from '../ir/errors.ts';
import { oneOf, text, whole } from '../options/values.ts';
import {
  type CommonOptions,
  commandLine,
  flagOf,
  interruptible,
  printResult,
  type TritbankCommand,
  ValueOption,
} from './command.ts';
import { exportToC } from './export-c.ts';
import { type ArrayOptions, addArrayOptions } from './hardware/options.ts';
import { addImageForm, imageFormFrom } from './image-form.ts';
import { warn } from './output.ts';
import { createProgress, type Progress } from './progress.ts';

const activations = ['float', 'int8'] as const;
const filters = ['fp16', 'int8', 'int4', 'fp32'] as const;
const ternary = ['five-trit', 'float'] as const;

interface Options extends CommonOptions, ArrayOptions {
  readonly to?: 'onnx' | 'c' | 'verilog';
  readonly optimize?: Optimize;
  readonly layout?: Layout;
  readonly name?: string;
  readonly activations?: (typeof activations)[number];
  readonly filters?: (typeof filters)[number];
  readonly ternary?: (typeof ternary)[number];
  readonly data?: string;
  readonly dataDir?: string;
  readonly images?: number;
  readonly samples?: number;
  readonly labels?: string;
  readonly seed?: number;
  readonly threads?: number;
  readonly out: string;
  readonly force?: boolean;
}

const example = `tritbank export runs/first/model.onnx --out model.packed.onnx
tritbank export small/network.onnx --activations int8 --data images/ --images 256 --out model.int8.onnx
tritbank export model.int8.onnx --to c --out firmware/model
tritbank export model.int8.onnx --to c --layout zephyr --data images/ --images 5 --out modules/model
tritbank export model.int8.onnx --to verilog --out array && make -C array sim`;

export function addExport(program: TritbankCommand): void {
  const command = program.command('export');
  const count = whole({ from: 1 });
  const add = (flags: string, description: string, kind: ConstructorParameters<typeof ValueOption<unknown>>[2]) =>
    command.addOption(new ValueOption(flags, description, kind));
  command
    .summary('a model as a file for deployment: ternary weights packed, 8-bit activations')
    .description(
      'Write a model as a file for deployment. ONNX: ternary weights five to a byte and other weights in 16 or 8 bits, ' +
        'unpacked by standard operators when a runtime loads the file; activations in float32 or in 8 bits. The file is ' +
        'read back and compared with the model. docs/export.md explains the format. C: a folder of C99 for ' +
        'microcontrollers, of a file with 8-bit activations; docs/microcontrollers.md. Verilog: a folder with the ' +
        'accelerator, programmed for such a file, its test bench and a Makefile; docs/hardware.md.',
    )
    .argument(
      '<MODEL.onnx>',
      'a float classifier with one image input; with --to c or verilog one with 8-bit activations',
    );
  command.optionsGroup('Format:');
  add('--to <format>', 'onnx, c or verilog (default: onnx)', oneOf(['onnx', 'c', 'verilog']));
  add('--activations <form>', `${activations.join(' or ')} (default: float)`, oneOf(activations));
  add(
    '--filters <form>',
    `weights of full-precision filters: ${filters.join(', ')} (default: fp16; int8 with 8-bit activations)`,
    oneOf(filters),
  );
  add('--ternary <form>', `ternary weights: ${ternary.join(' or ')}, unpacked (default: five-trit)`, oneOf(ternary));
  add(
    '--labels <file>',
    "names of the classes: lines, JSON, or imagenet (default: the model's, or the data's)",
    text('a file, or imagenet'),
  );
  command.optionsGroup('C:');
  add('--optimize <what>', `what is scarce: ${optimizeNames.join(', ')} (default: balanced)`, oneOf(optimizeNames));
  add(
    '--layout <name>',
    `of the folder: ${layoutNames.join(', ')} (a library for arduino, a module of zephyr; default: plain)`,
    oneOf(layoutNames),
  );
  add('--name <name>', "of files and functions (default: the model's)", text('a name'));
  command.optionsGroup('Data:');
  add(
    '--data <name|dir>',
    'images to calibrate 8-bit activations with, and to compare on',
    text('a name or a directory'),
  );
  add('--data-dir <dir>', 'where the files of a named data set are', text('a directory'));
  add('--images <n>', 'training images for calibration (default: 256); C: test images that test.c compares (3)', count);
  add(
    '--samples <n>',
    'compare on so many test images, of each class in proportion (default: all); Verilog: images of the test bench (1)',
    count,
  );
  command.renamed('--test-samples <n>', 'samples');
  addImageForm(command);
  addArrayOptions(command);
  command.optionsGroup('Run:');
  add('--threads <n>', 'threads (default: one a core)', count);
  add('--seed <n>', 'of the choice of images (default: 0)', whole({ from: 0, to: 2 ** 32 - 1 }));
  command.action((model: string, options: Options) => run(model, options, imageFormFrom(command)));
  command.optionsGroup('Output:');
  command.addOption(
    new ValueOption(
      '--out <file>',
      'the file to write, or the folder of C (required)',
      text('a file'),
    ).makeOptionMandatory(),
  );
  command.replacing();
  command.common(example);
}

type Format = NonNullable<Options['to']>;

/** Options that not all formats have, and which have them. */
const formatsOf: { readonly [K in keyof Options]?: readonly Format[] } = {
  ...{ activations: ['onnx'], filters: ['onnx'], ternary: ['onnx'], labels: ['onnx'], threads: ['onnx'] },
  ...{ images: ['onnx', 'c'], samples: ['onnx', 'verilog'], seed: ['onnx', 'verilog'] },
  ...{ optimize: ['c'], layout: ['c'], name: ['c'] },
  ...{ lanes: ['verilog'], macs: ['verilog'], adders: ['verilog'], inputs: ['verilog'], weights: ['verilog'] },
  ...{ copies: ['verilog'], macRate: ['verilog'], adderRate: ['verilog'], gapBits: ['verilog'] },
  ...{ inFlight: ['verilog'], array: ['verilog'] },
};

function refuseOthers(options: Options): void {
  const { to = 'onnx' } = options;
  for (const [name, formats] of Object.entries(formatsOf)) {
    if (options[name as keyof Options] === undefined || formats.includes(to)) continue;
    const advice = name === 'activations' ? ': export to ONNX first, and from that file' : '';
    throw new TritbankError(
      'E_USAGE',
      flagOf(name),
      `expected it with --to ${formats.join(' or ')} only, found --to ${to}${advice}`,
    );
  }
}

async function run(model: string, options: Options, form: ImageForm): Promise<void> {
  refuseOthers(options);
  if (options.to === 'c') return exportToC(model, { ...options }, form);
  if (options.to === 'verilog') {
    const { exportVerilog } = await import('./hardware/export-verilog.ts');
    return exportVerilog(model, options, form);
  }
  if (options.activations === 'int8' && options.data === undefined) {
    throw new TritbankError('E_USAGE', '--data', 'expected images to calibrate 8-bit activations with, found none');
  }
  if (options.activations === 'int8' && !(options.filters ?? 'int8').startsWith('int')) {
    const expected = 'expected int8 or int4 with 8-bit activations, found';
    throw new TritbankError('E_USAGE', '--filters', `${expected} ${options.filters}`);
  }
  const [{ exportModel }, { claimOutputs }] = await Promise.all([
    import('../export/index.ts'),
    import('../files/outputs.ts'),
  ]);
  const {
    to: _to,
    labels,
    samples,
    json: _json,
    quiet = false,
    debug: _debug,
    force,
    inputSize: _size,
    dim: _dim,
    normalization: _name,
    mean: _mean,
    std: _std,
    ...rest
  } = options as Options & Record<string, unknown>;
  const { out, data, dataDir } = rest;
  claimOutputs({ '--out': out }, { force, inputs: [model, data, dataDir, labels], models: true });
  const config: ExportConfig = {
    ...rest,
    ...form,
    model,
    ...(samples !== undefined && { testSamples: samples }),
    ...(labels !== undefined && { labels }),
  };
  let stage: ExportProgress['stage'] | undefined;
  let progress: Progress | undefined;
  const onProgress = (event: ExportProgress) => {
    if (event.stage !== stage) {
      progress?.stop();
      stage = event.stage;
      progress = createProgress({ label: stage, total: event.total, quiet });
    }
    progress!.update(event.done);
  };
  let result: ExportResult;
  try {
    result = await interruptible(
      (signal) => exportModel(config, { onProgress, signal, warn, command: commandLine() }),
      () => `${config.out} is not written: start again`,
    );
  } finally {
    progress?.stop();
  }
  const [words, text] = await Promise.all([import('../report/accuracy-words.ts'), import('../report/text-table.ts')]);
  printResult(options, result, () => text.printPairs(describe(result, words)));
}

type Words = typeof import('../report/accuracy-words.ts');

function describe(
  { out, bytes, predicted, accuracy, agreement, change, difference, ...forms }: ExportResult,
  { printChange, printShare }: Words,
): [string, string][] {
  const percent = (share: number) => `${(100 * share).toFixed(2)} %`;
  const size = (n: number) => n.toLocaleString('en-US');
  const lines: [string, string][] = [
    ['activations', forms.activations],
    ['filters', forms.filters],
    ['ternary', forms.ternary],
    ['size', `${size(bytes.after)} bytes, the model ${size(bytes.before)}`],
  ];
  if (predicted) {
    const { bytes: values, scaleBytes } = predicted;
    const more = 100 * (bytes.after / (values + scaleBytes) - 1);
    const scales = scaleBytes > 0 ? ` and ${size(scaleBytes)} of filter scales` : '';
    lines.push([
      'cost says',
      `${size(values)} bytes${scales}; the file has ${more.toFixed(1)} % more: names and nodes`,
    ]);
  }
  if (accuracy) {
    const { after, before, intervals } = accuracy;
    const shares = [printShare(after, intervals?.after), printShare(before, intervals?.before)];
    lines.push(['top-1', shares.join(', the model ')]);
    if (change) lines.push(['change', printChange(change)]);
  }
  if (accuracy && agreement !== undefined) {
    lines.push(['agreement', `${percent(agreement)} of ${accuracy.samples} predictions are the same`]);
  }
  if (difference !== undefined) lines.push(['difference', `${difference.toExponential(1)} of the scores, on noise`]);
  lines.push(['file', out]);
  return lines;
}
