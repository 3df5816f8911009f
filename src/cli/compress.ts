/** `tritbank compress`: a trained model with hybrid filter banks in place of its layers. */

import { basename, join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { isRoot } from '../cluster/index.ts';
import { plainDefaults } from '../compress/defaults.ts';
import type { CompressConfig, Compression, CompressOptions, CompressProgress } from '../compress/index.ts';
import { compressOptions } from '../compress/options.ts';
import { TritbankError } from '../ir/errors.ts';
import { otherPlaces } from '../train/recipe-options.ts';
import {
  type CommonOptions,
  commandLine,
  interruptible,
  printResult,
  type TritbankCommand,
  version,
} from './command.ts';
import { addConfigFile, addConfigOptions, checkTeachers, newConfig, resumedConfig } from './configure.ts';
import {
  addCountingOptions,
  addStorageOptions,
  type CountingOptions,
  conventionsFrom,
  type StorageOptions,
  schemeFrom,
} from './cost-options.ts';
import { createProgress, type Progress } from './progress.ts';
import { ranksOption, ranksWarning, withRanks } from './ranks.ts';
import { addCacheOption, addPlaceOptions, checkPlaceOptions, type PlaceOptions } from './run-directory.ts';

interface Options extends CommonOptions, PlaceOptions, CountingOptions, StorageOptions {
  readonly calibrateOnly?: boolean;
  readonly training?: boolean;
  readonly dampen?: number;
  readonly freezeOscillating?: number;
  readonly cache?: boolean;
}

const example = `tritbank compress mobilenet.onnx --data images/ --max-size 0.49 --max-energy 0.72 --min-throughput 1 --out small
tritbank compress mobilenet.onnx --data images/ --uniform 0.5,2 --calibrate-only --out quick
tritbank compress mobilenet.onnx --data images/ --plan small/plan.json --epochs 10 --out edited
tritbank compress mobilenet.onnx --data images/ --max-size 0.35 --analysis small/analysis.json --out smaller
tritbank compress mobilenet.onnx --data images/ --target cortex-m4 --max-flash 256K --max-instructions 0.9 --out firmware
tritbank compress mobilenet.onnx --data images/ --target array.json --max-cycles 0.4 --out accelerated`;

export function addCompress(program: TritbankCommand): void {
  const command = program.command('compress');
  command
    .summary('compress a trained ONNX model with hybrid filter banks')
    .description(
      'Compress a trained ONNX classifier: measure how each filter responds to being ternary, choose under a budget which ' +
        'filters stay in full precision and how wide the others are, train with the original as the teacher, export. ' +
        'Budgets are relative to the original with every value at 16 bits. In --out: model.onnx (packed), network.onnx (the ' +
        'same in float) and control.onnx (the uncompressed network in int8, which it is compared with).',
    )
    .argument('<MODEL.onnx>', 'a classifier with one image input');
  const { Data, Budget, Target, Accelerator, ...others } = compressOptions;
  // the help shows no more than these
  const defaults = plainDefaults as unknown as CompressConfig;
  addConfigOptions(command, { Data: Data!, Budget: Budget!, Target: Target!, Accelerator: Accelerator! }, defaults);
  command.renamed('--test-samples <n>', 'samples').renamed('--ratios <list>', 'widthRatios');
  addCountingOptions(command);
  addStorageOptions(command, 'hybrid-fp16');
  addConfigOptions(command, others, defaults);
  addConfigFile(command);
  command.actionOf((model: string, options: Options) => prepare(command, model, options), compress);
  command.optionsGroup('Output:');
  addPlaceOptions(command, 'runs/<model>-compressed');
  addCacheOption(command);
  command.common(example);
}

/** The configuration of a run directory, which tells the network by its content besides. */
function withoutNetwork(stored: object): object {
  const { network: _network, ...rest } = stored as { network?: string };
  return rest;
}

/** E_USAGE, E_FORMAT; E_RESUME for options that contradict those of the run that goes on. */
async function configFrom(
  command: TritbankCommand,
  model: string,
  out: string,
  options: Options,
): Promise<CompressConfig> {
  const [{ checkCompressConfig, defaultCompress, schemeOf, takeArray, trainingDefaults }, { storageSchemes }] =
    await Promise.all([import('../compress/index.ts'), import('../cost/index.ts')]);
  if (options.calibrateOnly && options.training === false) {
    throw new TritbankError('E_USAGE', '--calibrate-only', 'expected it without --no-training, found both');
  }
  const { requireKind, storedConfig } = await import('../files/index.ts');
  const stored = options.resume ? storedConfig<CompressConfig>(out) : undefined;
  if (stored) requireKind('compress', stored, join(out, 'config.json'));
  const fresh = (training: CompressConfig['training']) =>
    newConfig<CompressConfig>(command, {
      table: compressOptions,
      defaults: { ...defaultCompress, training, model },
      more: [...otherPlaces, 'dims'].map((place) => `training.${place}`),
      upgrade: withoutNetwork,
    });
  // defaults of training depend on what it starts from, which may be said in a file
  const found = stored
    ? resumedConfig(command, compressOptions, withoutNetwork(stored) as CompressConfig, join(out, 'config.json'))
    : await fresh(trainingDefaults((await fresh(defaultCompress.training)).init));
  const config = takeArray(found);
  if (config.method === 'train' && config.data === undefined) {
    throw new TritbankError('E_USAGE', '--data', 'expected images, or --no-training, found neither');
  }
  checkTeachers(config.training.teachers);
  // a scheme that was not chosen is that of the file
  const isChosen = stored !== undefined || !isDeepStrictEqual(config.scheme, defaultCompress.scheme);
  const fitting = isChosen ? config.scheme : schemeOf(config.activations);
  const complete: CompressConfig = {
    ...config,
    model,
    conventions: conventionsFrom(config.conventions, options),
    scheme: schemeFrom(storageSchemes, options, () => fitting) ?? fitting,
  };
  // the library would take the paper's choice where none is given
  checkCompressConfig(complete);
  return complete;
}

/** One bar or series of lines a stage. */
function createStageReporter(quiet: boolean) {
  let present: string | undefined;
  let progress: Progress | undefined;
  return {
    onProgress({ stage: next, done, total, unit, note, detail }: CompressProgress): void {
      // a stage may count one thing after the other
      if (present !== `${next} ${unit}`) {
        progress?.stop();
        present = `${next} ${unit}`;
        // what an earlier command has done says nothing of the pace
        progress = createProgress({ label: next, total, unit, quiet, initial: done });
      }
      progress!.update(done, detail);
      if (note !== undefined) progress!.note(note);
    },
    stop: () => progress?.stop(),
  };
}

/** What to compress, how, where. What is wrong with it is thrown before anything is written. */
async function prepare(command: TritbankCommand, model: string, options: Options) {
  checkPlaceOptions(options);
  const out = options.out ?? join('runs', `${basename(model).replace(/\.onnx$/, '')}-compressed`);
  return { model, config: await configFrom(command, model, out, options), out, options };
}

async function compress({ model, config, out, options }: Awaited<ReturnType<typeof prepare>>): Promise<void> {
  const { cacheDirectory, compressModel } = await import('../compress/index.ts');
  const cache = options.cache === false ? undefined : cacheDirectory();
  await withRanks(async (ranks) => {
    const isFirst = isRoot(ranks);
    const reporter = createStageReporter(options.quiet === true || !isFirst);
    const how: CompressOptions = {
      out,
      resume: options.resume === true,
      force: options.force === true,
      command: commandLine(),
      ...(cache !== undefined && { cache }),
      onProgress: reporter.onProgress,
      warn: ranksWarning(ranks, () => false),
      ...ranksOption(ranks),
    };
    try {
      const compression = await interruptible(
        (signal) => compressModel(model, config, { ...how, signal }),
        () => 'the same command with --resume continues',
      );
      reporter.stop();
      if (!isFirst) return;
      const { result } = compression;
      const report = await writeReport(out, compression);
      const { describeCompression } = await import('../report/compress-text.ts');
      printResult(options, { out, ...result, report }, () => describeCompression(compression, report));
    } finally {
      reporter.stop();
    }
  });
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
