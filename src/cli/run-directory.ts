/** What a command has to know of a training run before it trains into its directory, and what it adds afterwards. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { isRoot } from '../cluster/index.ts';
import { version } from '../files/machine.ts';
import { readObject, storedConfig } from '../files/run-directory.ts';
import { TritbankError } from '../ir/errors.ts';
import { text } from '../options/values.ts';
import { type TrainConfig, upgradeConfig } from '../train/config.ts';
import type { RunOptions, TrainProgress } from '../train/context.ts';
import type { RunResult } from '../train/records.ts';
import { runFiles } from '../train/run-layout.ts';
import {
  type CommonOptions,
  commandLine,
  interruptible,
  printResult,
  type TritbankCommand,
  ValueOption,
} from './command.ts';
import { ranksOption, ranksWarning, withRanks } from './ranks.ts';

export interface StoredRun {
  readonly config: TrainConfig;
  /** Absent while the run is not finished. */
  readonly result: RunResult | undefined;
  readonly hasCheckpoint: boolean;
}

/** The run in `directory`, or undefined where there is none. E_FORMAT for damaged files. */
export function readRun(directory: string): StoredRun | undefined {
  const stored = storedConfig(directory);
  if (!stored) return undefined;
  const result = join(directory, runFiles.result);
  return {
    config: upgradeConfig(stored) as TrainConfig,
    result: existsSync(result) ? readObject<RunResult>(result) : undefined,
    hasCheckpoint: existsSync(join(directory, runFiles.checkpoint)),
  };
}

/** What is to become of a run in `--out`. */
export interface PlaceOptions {
  readonly out?: string;
  readonly resume?: boolean;
  readonly force?: boolean;
}

/** `--out`, `--resume` and `--force`. */
export function addPlaceOptions(command: TritbankCommand, fallback: string): void {
  const description = `run directory (default: ${fallback})`;
  command
    .addOption(new ValueOption('--out <dir>', description, text('a directory')))
    .option('--resume', 'go on with the run in --out, with its configuration')
    .option('--force', 'replace a run in --out, and files there that have the names of its files');
}

/** `--no-cache`, of commands that analyse layers. */
export function addCacheOption(command: TritbankCommand): void {
  const description = 'analyse layers anew; else what is known of the same weights is in ~/.cache/tritbank/analysis';
  command.option('--no-cache', description);
}

/** E_USAGE for a run that is to be both continued and replaced. */
export function checkPlaceOptions({ resume, force }: PlaceOptions): void {
  if (resume && force) throw new TritbankError('E_USAGE', '--force', 'expected no --resume with it, found both');
}

interface Training {
  /** Of the progress: the command. */
  readonly label: string;
  readonly epochs: number;
  readonly out: string;
  readonly options: CommonOptions & PlaceOptions;
  readonly advice: () => string;
  readonly work: (options: RunOptions) => Promise<RunResult>;
}

/** Trains with progress, can be interrupted, writes the report and prints the result. */
export async function performTraining({ label, epochs, out, options, advice, work }: Training): Promise<void> {
  const [{ createTrainReporter }, { printTable }] = await Promise.all([
    import('./train-progress.ts'),
    import('../report/index.ts'),
  ]);
  const { resume = false, force = false } = options;
  await withRanks(async (ranks) => {
    const isFirst = isRoot(ranks);
    const reporter = createTrainReporter(label, epochs, options.quiet === true || !isFirst);
    let isWorking = false;
    const onProgress = (event: TrainProgress) => {
      isWorking = true;
      reporter.onProgress(event);
    };
    const warn = isFirst ? reporter.warn : ranksWarning(ranks, () => isWorking);
    try {
      const how = { out, resume, force, command: commandLine(), onProgress, warn, ...ranksOption(ranks) };
      const result = await interruptible((signal) => work({ ...how, signal }), advice);
      reporter.stop();
      if (!isFirst) return;
      const report = await writeReport(out, [result], `${result.architecture}, ${result.method}, on ${result.dataset}`);
      printResult(options, { ...summarize(result), out, report }, () =>
        [printTable([result]), '', `model   ${result.model}`, `report  ${report}`].join('\n'),
      );
    } finally {
      reporter.stop();
    }
  });
}

/** Writes `report.html` about the runs into `directory`; returns its path. */
export async function writeReport(directory: string, runs: readonly RunResult[], title: string): Promise<string> {
  const [{ renderReport }, { writeFileAtomic }] = await Promise.all([
    import('../report/index.ts'),
    import('../files/index.ts'),
  ]);
  const path = join(directory, 'report.html');
  writeFileAtomic(path, await renderReport(runs, { title, generatedBy: `tritbank ${version}` }));
  return path;
}

/** A result without what belongs into the report: history, layers, confusion, samples and class names. */
export function summarize(result: RunResult): Partial<RunResult> {
  const {
    history: _history,
    layers: _layers,
    confusion: _confusion,
    samples: _samples,
    classes: _classes,
    ...rest
  } = result;
  return rest;
}
