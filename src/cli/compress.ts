/** `tritbank compress`: a trained model becomes one with hybrid filter banks, under a budget. */

import { basename, join } from 'node:path';
import type { CompressConfig, Compression, CompressProgress, CompressResult } from '../compress/index.ts';
import { TritbankError } from '../ir/errors.ts';
import {
  type CommonOptions,
  commandLine,
  interruptible,
  printResult,
  type TritbankCommand,
  ValueOption,
  version,
} from './command.ts';
import {
  addCountingOptions,
  addStorageOptions,
  type CountingOptions,
  conventionsFrom,
  type StorageOptions,
  schemeFrom,
} from './cost-options.ts';
import { addFineTuneOptions, type FineTuneOptions, fineTuneFrom } from './fine-tune-options.ts';
import { createProgress, type Progress } from './progress.ts';
import { listOf, number, oneOf, text, whole } from './values.ts';

interface Options extends CommonOptions, CountingOptions, StorageOptions, FineTuneOptions {
  readonly data?: string;
  readonly dataDir?: string;
  readonly maxSize?: number;
  readonly maxEnergy?: number;
  readonly maxMultiplications?: number;
  readonly minThroughput?: number;
  readonly uniform?: readonly number[];
  readonly plan?: string;
  readonly analysis?: string;
  readonly accelerator?: string;
  readonly format?: string;
  readonly ratios?: readonly number[];
  readonly alphas?: readonly number[];
  readonly sparsities?: readonly number[];
  readonly images?: number;
  readonly calibrateOnly?: boolean;
  readonly training: boolean;
  readonly init?: 'decompose' | 'draw';
  readonly trainSamples?: number;
  readonly testSamples?: number;
  readonly threads?: number;
  readonly seed?: number;
  readonly out?: string;
  readonly resume?: boolean;
}

const example = `tritbank compress mobilenet.onnx --data images/ --max-size 0.49 --max-energy 0.72 --min-throughput 1 --out small
tritbank compress mobilenet.onnx --data images/ --uniform 0.5,2 --calibrate-only --out quick
tritbank compress mobilenet.onnx --data images/ --plan small/plan.json --epochs 10 --out edited
tritbank compress mobilenet.onnx --data images/ --max-size 0.35 --analysis small/analysis.json --out smaller`;

export function addCompress(program: TritbankCommand): void {
  const command = program.command('compress');
  const share = number({ above: 0 });
  const count = whole({ from: 1 });
  const pair = listOf(
    number({ from: 0 }),
    'alpha and width ratio, separated by a comma',
    (values) => values.length === 2,
  );
  const add = (flags: string, description: string, kind: ConstructorParameters<typeof ValueOption<unknown>>[2]) =>
    command.addOption(new ValueOption(flags, description, kind));
  command
    .summary('compress a trained ONNX model with hybrid filter banks')
    .description(
      'Compress a trained ONNX classifier: measure how each filter responds to being ternary, choose under a budget which ' +
        'filters stay in full precision and how wide the others are, train with the original as the teacher, export. ' +
        'Budgets are relative to the original with every value at 16 bits.',
    )
    .argument('<MODEL.onnx>', 'a classifier with one image input');
  command.optionsGroup('Data:');
  add(
    '--data <name|dir>',
    'images; a directory with train/ and val/, or a named data set',
    text('a name or a directory'),
  );
  add('--data-dir <dir>', 'where the files of a named data set are', text('a directory'));
  add('--images <n>', 'images for statistics and calibration (default: 256)', whole({ from: 2 }));
  add('--train-samples <n>', 'train on this many images only (default: all)', count);
  add('--test-samples <n>', 'evaluate on this many test images (default: all)', count);
  command.optionsGroup('Budget:');
  add('--max-size <share>', 'bytes, of the original at 16 bits', share);
  add('--max-energy <share>', "energy, of the original's", share);
  add('--max-multiplications <share>', "multiplications, of the original's", share);
  add('--min-throughput <share>', "throughput at equal area, of the original's", share);
  add('--uniform <alpha,ratio>', 'the same in every layer, instead of a budget', pair);
  add('--plan <file>', 'a plan of an earlier run, edited or not, instead of a budget', text('a file'));
  add('--analysis <file>', "of an earlier run or 'tritbank analyze --out', instead of a new one", text('a file'));
  add(
    '--alphas <list>',
    'shares of full-precision filters to choose from',
    listOf(number({ from: 0, to: 1 }), 'numbers from 0 to 1, separated by commas'),
  );
  add(
    '--ratios <list>',
    'hidden units per ternary filter to choose from',
    listOf(share, 'numbers above 0, separated by commas'),
  );
  add(
    '--sparsities <list>',
    'of decompositions to choose from besides 0; higher ones have fewer non-zeros (default: 1,4,10 where zeros are skipped, ' +
      'else 0)',
    listOf(number({ from: 0, to: 100 }), 'numbers from 0 to 100, separated by commas'),
  );
  command.optionsGroup('Accelerator:');
  add(
    '--accelerator <name|file>',
    'paper, horowitz-fp16, horowitz-int8, or a JSON file (default: paper)',
    text('a name or a file'),
  );
  add('--format <name>', "number format (default: the accelerator's own)", text('a number format'));
  addCountingOptions(command);
  addStorageOptions(command, 'hybrid');
  command
    .optionsGroup('Training:')
    .option('--calibrate-only', 'layer by layer, without labels and training')
    .option('--no-training', 'only decompose the weights');
  add(
    '--init <how>',
    'decompose the weights, or draw fresh factors (default: decompose)',
    oneOf(['decompose', 'draw']),
  );
  addFineTuneOptions(command);
  add('--threads <n>', 'threads (default: one a core)', count);
  add('--seed <n>', 'default: 1', whole({ from: 0, to: 2 ** 32 - 1 }));
  command.action(compress);
  command.optionsGroup('Output:');
  add('--out <dir>', 'run directory (default: runs/<model>-compressed)', text('a directory'));
  command.option('--resume', 'go on with the run in --out');
  command.common(example);
}

function methodOf({ calibrateOnly, training, data }: Options): CompressConfig['method'] {
  if (calibrateOnly) return 'calibrate';
  return training && data !== undefined ? 'train' : 'none';
}

async function configFrom(model: string, options: Options): Promise<CompressConfig> {
  const [{ defaultCompress }, { paperConventions, storageSchemes }] = await Promise.all([
    import('../compress/index.ts'),
    import('../cost/index.ts'),
  ]);
  const { data, dataDir, maxSize, maxEnergy, maxMultiplications, minThroughput, uniform, plan, format } = options;
  const { trainSamples, testSamples, threads } = options;
  const [alpha, widthRatio] = uniform ?? [];
  if (options.calibrateOnly && !options.training) {
    throw new TritbankError('E_USAGE', '--calibrate-only', 'expected it without --no-training, found both');
  }
  if (options.training && data === undefined && !options.calibrateOnly) {
    throw new TritbankError('E_USAGE', '--data', 'expected images, or --no-training, found neither');
  }
  return {
    ...defaultCompress,
    model,
    ...(data !== undefined && { data }),
    ...(dataDir !== undefined && { dataDir }),
    budget: {
      ...(maxSize !== undefined && { size: maxSize }),
      ...(maxEnergy !== undefined && { energy: maxEnergy }),
      ...(maxMultiplications !== undefined && { multiplications: maxMultiplications }),
      ...(minThroughput !== undefined && { throughput: minThroughput }),
    },
    ...(uniform && { uniform: { alpha: alpha!, widthRatio: widthRatio! } }),
    ...(plan !== undefined && { plan }),
    ...(options.analysis !== undefined && { analysis: options.analysis }),
    accelerator: options.accelerator ?? 'paper',
    ...(format !== undefined && { format }),
    conventions: conventionsFrom(paperConventions, options),
    scheme: schemeFrom(storageSchemes, options, () => storageSchemes.hybrid) ?? storageSchemes.hybrid,
    ...(options.ratios && { ratios: options.ratios }),
    ...(options.alphas && { alphas: options.alphas }),
    ...(options.sparsities && { sparsities: options.sparsities }),
    ...(options.images !== undefined && { images: options.images }),
    method: methodOf(options),
    ...(options.init && { init: options.init }),
    training: {
      ...fineTuneFrom(defaultCompress.training, options),
      ...(trainSamples !== undefined && { trainSamples }),
      ...(testSamples !== undefined && { testSamples }),
    },
    ...(threads !== undefined && { threads }),
    seed: options.seed ?? defaultCompress.seed,
  };
}

/** One bar or series of lines a stage. */
function createStageReporter(quiet: boolean) {
  let stage: CompressProgress['stage'] | undefined;
  let progress: Progress | undefined;
  return {
    onProgress({ stage: next, done, total, unit, note }: CompressProgress): void {
      if (next !== stage) {
        progress?.stop();
        stage = next;
        progress = createProgress({ label: next, total, unit, quiet });
      }
      progress!.update(done);
      if (note !== undefined) progress!.note(note);
    },
    stop: () => progress?.stop(),
  };
}

async function compress(model: string, options: Options): Promise<void> {
  const { compressModel } = await import('../compress/index.ts');
  const config = await configFrom(model, options);
  const out = options.out ?? `runs/${basename(model).replace(/\.onnx$/, '')}-compressed`;
  const reporter = createStageReporter(options.quiet === true);
  const warn = (line: string) => void process.stderr.write(`warning: ${line}\n`);
  try {
    const compression = await interruptible(
      (signal) =>
        compressModel(config, {
          out,
          resume: options.resume === true,
          signal,
          command: commandLine(),
          onProgress: reporter.onProgress,
          warn,
        }),
      () => 'the same command with --resume continues',
    );
    reporter.stop();
    const { result } = compression;
    const report = await writeReport(out, compression);
    printResult(options, { out, ...result, report }, () => `${describe(result)}\n${line('report', report)}`);
  } finally {
    reporter.stop();
  }
}

/** Writes `report.html` into the run directory; returns its path. */
async function writeReport(out: string, compression: Compression): Promise<string> {
  const [{ renderCompressReport }, { writeFileAtomic }] = await Promise.all([
    import('../report/index.ts'),
    import('../files/index.ts'),
  ]);
  const title = `Compression of ${basename(compression.result.original)}`;
  const path = join(out, 'report.html');
  writeFileAtomic(path, await renderCompressReport({ title, generatedBy: `tritbank ${version}`, ...compression }));
  return path;
}

const line = (term: string, value: string) => `${term.padEnd(16)} ${value}`;

function describe({ plan, relative, bytes, accuracy, agreement, seconds, model }: CompressResult): string {
  const percent = (share: number) => `${(100 * share).toFixed(2)} %`;
  const layers = Object.values(plan.layers).filter((layer) => layer.method !== 'fp').length;
  const lines: [string, string][] = [
    ['layers', `${layers} of ${Object.keys(plan.layers).length} became filter banks`],
    ['size', `${(bytes / 1024).toFixed(1)} KB, ${percent(relative.size)} of the original at 16 bits`],
    ['multiplications', `${percent(relative.multiplications)} of the original's`],
    ['energy', `${relative.energy.toFixed(4)} of the original's`],
    ['throughput', `${relative.throughput.toFixed(4)} of the original's`],
  ];
  if (accuracy && agreement) {
    const { before, after } = accuracy;
    const change = 100 * (after.top1 - before.top1);
    lines.push(
      [
        'top-1',
        `${percent(after.top1)}, original ${percent(before.top1)} (${change >= 0 ? '+' : ''}${change.toFixed(2)} points)`,
      ],
      ['top-5', `${percent(after.top5)}, original ${percent(before.top5)}`],
      ['agreement', `${percent(agreement.share)} of ${after.samples} predictions are the same`],
    );
  }
  const times = Object.entries(seconds).map(([stage, time]) => `${stage} ${time.toFixed(1)} s`);
  lines.push(['time', times.join(', ') || 'nothing to do'], ['model', model]);
  return lines.map(([term, value]) => line(term, value)).join('\n');
}
