/** `bench kernels`: the runtime's kernels against onnxruntime-web's, one thread, in one process and one run. */

import { printResult, type TritbankCommand, ValueOption } from '../../src/cli/command.ts';
import { listOf, number, whole } from '../../src/options/values.ts';
import type { Kernels } from '../../src/runtime/kernels/kernels.ts';
import { createWasmKernels } from '../../src/runtime/kernels/wasm.ts';
import { describeEnvironment } from '../environment.ts';
import { formatPercent, formatRate, median } from '../numbers.ts';
import { formatTable } from '../table.ts';
import { calibrate } from './calibrate.ts';
import { type Contestant, measure, type Plan, type Result } from './measure.ts';
import { depthwiseContestant, productContestant, productVariants } from './ours.ts';
import { depthwisePeer, peerVersion, productPeers } from './peers.ts';
import { defaultTasks, describeTask, macsOf, type Task } from './tasks.ts';

interface Options extends Plan {
  readonly channels: readonly number[];
  readonly pixels: readonly number[];
  readonly density: readonly number[];
  readonly only?: string;
  readonly peers: boolean;
  readonly calibrate?: boolean;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

interface Row extends Result {
  readonly task: string;
  readonly density?: number;
  /** This rate over a peer's, formed in each round, then the median. */
  readonly ratios: { readonly float32?: number; readonly int8?: number };
}

const peerNames = {
  float32: ['onnxruntime-web MatMul', 'onnxruntime-web Conv'],
  int8: ['onnxruntime-web MatMulInteger'],
} as const;

async function contestantsOf(kernels: () => Promise<Kernels>, task: Task, options: Options): Promise<Contestant[]> {
  const isWanted = (name: string) => options.only === undefined || name.includes(options.only);
  if (task.kind === 'depthwise') {
    const ours = (['int8', 'float32'] as const).filter((type) => isWanted(`depthwise_${type}`));
    const contestants = await Promise.all(ours.map(async (type) => depthwiseContestant(await kernels(), type, task)));
    return options.peers && ours.length > 0 ? [...contestants, await depthwisePeer(task)] : contestants;
  }
  const wanted = productVariants.filter(({ name }) => isWanted(name));
  const ours = await Promise.all(wanted.map(async (variant) => productContestant(await kernels(), variant, task)));
  if (!options.peers || ours.length === 0) return ours;
  return [...ours, ...(await productPeers(task, 'float32')), ...(await productPeers(task, 'int8'))];
}

function ratioTo(result: Result, results: readonly Result[], names: readonly string[]): number | undefined {
  const peer = results.find(({ name }) => names.includes(name));
  return peer && median(result.rates.map((rate, round) => rate / peer.rates[round]!));
}

async function runTask(task: Task, options: Options): Promise<Row[]> {
  const contestants = await contestantsOf(() => createWasmKernels(), task, options);
  const results = await measure(contestants, macsOf(task), options);
  for (const contestant of contestants) await contestant.close?.();
  return results.map((result) => {
    const float32 = ratioTo(result, results, peerNames.float32);
    const int8 = ratioTo(result, results, peerNames.int8);
    const ratios = { ...(float32 !== undefined && { float32 }), ...(int8 !== undefined && { int8 }) };
    const density = result.name.startsWith('ternary') && task.kind === 'product' ? { density: task.density } : {};
    return { task: describeTask(task), ...density, ...result, ratios };
  });
}

async function runCalibration(options: Options): Promise<void> {
  const environment = describeEnvironment();
  const onProgress = (line: string) => void (options.quiet || process.stderr.write(`${line}\n`));
  const rows = await calibrate(options.milliseconds, onProgress);
  printResult(options, { benchmark: 'kernels --calibrate', ...environment, rows }, () =>
    formatTable(
      [
        { head: 'variant', cell: (row) => row.variant, align: 'left' },
        { head: 'ns for each count of countWork', cell: (row) => row.unitCosts.join(', '), align: 'left' },
        { head: 'error', cell: (row) => formatPercent(row.error) },
      ],
      rows,
    ),
  );
}

async function run(options: Options): Promise<void> {
  if (options.calibrate) return runCalibration(options);
  const environment = describeEnvironment();
  const versions = { ...environment.versions, 'onnxruntime-web': peerVersion };
  const rows: Row[] = [];
  for (const task of defaultTasks(options.channels, options.pixels, options.density)) {
    if (!options.quiet) process.stderr.write(`${describeTask(task)}\n`);
    rows.push(...(await runTask(task, options)));
  }
  const { name } = await createWasmKernels();
  const report = { benchmark: 'kernels', ...environment, versions, kernels: name, rounds: options.rounds, rows };
  printResult(options, report, () =>
    formatTable(
      [
        { head: 'rows x columns x pixels', cell: (row) => row.task, align: 'left' },
        { head: 'kernel', cell: (row) => row.name, align: 'left' },
        { head: 'density', cell: (row) => row.density?.toString() ?? '' },
        { head: 'G MAC/s', cell: (row) => formatRate(row.rate) },
        { head: 'x fp32', cell: (row) => formatRate(row.ratios.float32 ?? Number.NaN) },
        { head: 'x int8', cell: (row) => formatRate(row.ratios.int8 ?? Number.NaN) },
      ],
      rows,
    ),
  );
}

export function addKernels(program: TritbankCommand): void {
  const counts = listOf(whole({ from: 1, to: 10_000 }), 'numbers from 1 to 10000, separated by commas');
  const densities = listOf(number({ from: 0, to: 1 }), 'numbers from 0 to 1, separated by commas');
  program
    .command('kernels')
    .description(
      "The runtime's kernels on one thread, in 10^9 multiply-accumulates a second, beside onnxruntime-web's MatMul, " +
        'MatMulInteger and Conv. Ours include bias, bounds and, for int8, requantization. Medians over rounds in turns.',
    )
    .addOption(
      new ValueOption('--channels <list>', 'rows and columns of the products', counts).default(
        [128, 256, 512],
        '128,256,512',
      ),
    )
    .addOption(
      new ValueOption('--pixels <list>', 'pixels of the products', counts).default([784, 196, 49], '784,196,49'),
    )
    .addOption(
      new ValueOption('--density <list>', 'non-zero part of ternary weights', densities).default([0.1, 0.5], '0.1,0.5'),
    )
    .option('--only <text>', 'only kernels with this in their name')
    .option('--no-peers', 'only Tritbank')
    .option('--calibrate', "fit the costs by which the runtime chooses a product's kernel, instead")
    .addOption(new ValueOption('--rounds <n>', 'rounds', whole({ from: 1, to: 1000 })).default(9))
    .addOption(
      new ValueOption('--milliseconds <n>', "one contestant's part of a round", whole({ from: 1, to: 10_000 })).default(
        10,
      ),
    )
    .common('npm run bench -- kernels --channels 256 --pixels 196 --density 0.05,0.2,0.67')
    .action((options: Options) => run(options));
}
