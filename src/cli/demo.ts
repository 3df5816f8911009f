/**
 * `tritbank demo`: the whole story on real data. The same network in full precision, then compressed in three ways with
 * the full-precision one as their teacher. Each run has its own directory, so that the demo can be stopped and continued.
 */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { TritbankError } from '../ir/errors.ts';
import { text, whole } from '../options/values.ts';
import { defaultConfig, type TrainConfig } from '../train/config.ts';
import { type Method, methods, type RunResult } from '../train/records.ts';
import {
  type CommonOptions,
  commandLine,
  interruptible,
  printResult,
  type TritbankCommand,
  ValueOption,
} from './command.ts';
import { writeLine, writeOut } from './output.ts';
import { readRun, summarize, writeReport } from './run-directory.ts';
import type { TrainReporter } from './train-progress.ts';

/** What all runs have in common, and what is special about each. */
const common = {
  ...defaultConfig,
  width: 0.25,
  // A quarter of the images, so that four runs take five to six minutes on two cores.
  trainSamples: 15_000,
  epochs: 3,
  // Softer targets than this say little about ten classes.
  distillation: { kind: 'kd', weight: 0.5, temperature: 2 },
} satisfies TrainConfig;
const runs: Readonly<Record<Method, Partial<TrainConfig>>> = {
  fp: {},
  twn: { granularity: 'filter' },
  strassen: { widthRatio: 2 },
  hybrid: { alpha: 0.5, widthRatio: 1.25 },
};

interface Options extends CommonOptions {
  readonly out?: string;
  readonly data?: string;
  readonly epochs?: number;
  readonly seed?: number;
  readonly force?: boolean;
}

interface Run {
  readonly method: Method;
  readonly config: TrainConfig;
  /** Its run directory. */
  readonly out: string;
}

const defaultOut = join('runs', 'demo');

export function addDemo(program: TritbankCommand): void {
  const command = program.command('demo');
  command.description(
    'Train the same network in full precision, with ternary weights, strassenified, and with hybrid filter banks; ' +
      'compare accuracy and size in a table and a report. A few minutes; stopped, it continues where it was.',
  );
  const count = whole({ from: 1 });
  const seed = whole({ from: 0, to: 2 ** 32 - 1 });
  command
    .addOption(new ValueOption('--out <dir>', `directory of the runs (default: ${defaultOut})`, text('a directory')))
    .addOption(
      new ValueOption(
        '--data <name|dir>',
        'data set (default: fashion-mnist where it is found, else mnist)',
        text('a name or a directory'),
      ),
    )
    .addOption(new ValueOption('--epochs <n>', `epochs of each run (default: ${common.epochs})`, count))
    .addOption(new ValueOption('--seed <n>', `of all runs (default: ${common.seed})`, seed))
    .option('--force', 'replace the runs in --out instead of continuing them');
  command.renamed('--fresh', 'force').action(demo);
  command.common('tritbank demo\ntritbank demo --data cifar10 --epochs 10 --out runs/cifar');
}

/** Fashion-MNIST tells the methods apart better than MNIST, but only MNIST comes with the installation. */
async function chooseData(wanted: string | undefined): Promise<{ data: string; reason: string }> {
  if (wanted !== undefined) return { data: wanted, reason: 'as asked for' };
  const { openDataset } = await import('../data/index.ts');
  try {
    await openDataset('fashion-mnist');
    return { data: 'fashion-mnist', reason: 'it was found, and is harder than mnist' };
  } catch (error) {
    if (!(error instanceof TritbankError && error.code === 'E_DATA')) throw error;
    const install = "'apt-get install dataset-fashion-mnist' (Debian, Ubuntu) installs it";
    return { data: 'mnist', reason: `fashion-mnist, which is harder, was not found; ${install}` };
  }
}

function planRuns(data: string, out: string, { epochs, seed }: Options): Run[] {
  const chosen = { data, ...(epochs !== undefined && { epochs }), ...(seed !== undefined && { seed }) };
  const teachers = [join(out, 'fp', 'model.onnx')];
  return methods.map((method) => ({
    method,
    out: join(out, method),
    config: { ...common, ...runs[method], ...chosen, method, ...(method !== 'fp' && { teachers }) },
  }));
}

async function demo(options: Options): Promise<void> {
  const { out = defaultOut, quiet = false } = options;
  const { data, reason } = await chooseData(options.data);
  const print = (line: string) => {
    if (!options.json) writeOut(`${line}\n`);
    else if (!quiet) writeLine(line);
  };
  print(`data set: ${data} (${reason})`);
  const planned = planRuns(data, out, options);
  requireReport(out, planned, options.force === true);
  const [{ createTrainReporter }, { printTable }] = await Promise.all([
    import('./train-progress.ts'),
    import('../report/index.ts'),
  ]);
  const total = planned.reduce((sum, { config }) => sum + config.epochs, 0);
  const reporter = createTrainReporter('demo', total, quiet);
  let done: Done;
  try {
    done = await interruptible(
      (signal) => performAll(planned, { reporter, signal, isFresh: options.force === true }),
      () => 'the same command continues',
    );
  } finally {
    reporter.stop();
  }
  const { reused } = done;
  const [first, ...others] = done.results;
  const { makeControl } = await import('./control.ts');
  const control = await makeControl(first!, { data, seed: planned[0]!.config.seed, out });
  const results = [first!, control, ...others];
  const report = await writeReport(out, results, `Tritbank demo on ${data}`);
  printResult(options, { data, out, report, reused, runs: results.map(summarize) }, () =>
    ['', printTable(results), '', `report  ${report}`].join('\n'),
  );
}

/** E_USAGE for a report in the directory that is not of an earlier demo there. */
function requireReport(out: string, planned: readonly Run[], force: boolean): void {
  const report = join(out, 'report.html');
  if (force || !existsSync(report) || planned.some((run) => readRun(run.out))) return;
  throw new TritbankError('E_USAGE', '--out', `expected a directory without a report, or --force, found ${report}`);
}

interface Done {
  readonly results: RunResult[];
  /** Runs that were finished before. */
  readonly reused: Method[];
}

interface Performance {
  readonly reporter: TrainReporter;
  readonly signal: AbortSignal;
  /** Earlier runs are not reused. */
  readonly isFresh: boolean;
}

async function performAll(planned: readonly Run[], how: Performance): Promise<Done> {
  const { reporter, signal, isFresh } = how;
  const done: Done = { results: [], reused: [] };
  let before = 0;
  for (const run of planned) {
    signal.throwIfAborted();
    reporter.next(run.method, before);
    const finished = isFresh ? undefined : findFinished(run);
    if (finished) {
      done.reused.push(run.method);
      reporter.note(`${run.method}: finished before with the same configuration, taken from ${run.out}`);
    }
    done.results.push(finished ?? (await perform(run, how)));
    before += run.config.epochs;
  }
  return done;
}

const isSame = (a: TrainConfig, b: TrainConfig) => JSON.stringify(a) === JSON.stringify(b);

function findFinished({ out, config }: Run): RunResult | undefined {
  const stored = readRun(out);
  return stored && isSame(stored.config, config) ? stored.result : undefined;
}

/** Continues the run where it was stopped with the same configuration, else starts it. */
async function perform({ method, config, out }: Run, { reporter, signal, isFresh }: Performance): Promise<RunResult> {
  const { trainNetwork } = await import('../train/index.ts');
  const stored = isFresh ? undefined : readRun(out);
  const resume = stored?.hasCheckpoint === true && isSame(stored.config, config);
  if (resume) reporter.note(`${method}: continued from ${out}`);
  const { onProgress, warn } = reporter;
  return trainNetwork(config, { out, resume, force: isFresh, signal, command: commandLine(), onProgress, warn });
}
