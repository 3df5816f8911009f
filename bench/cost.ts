/** `bench cost`: seconds of whole processes of `table1` and of a sweep of 121 configurations, start-up included. */

import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { printResult, type TritbankCommand, ValueOption } from '../src/cli/command.ts';
import { TritbankError } from '../src/ir/index.ts';
import { whole } from '../src/options/values.ts';
import { describeEnvironment } from './environment.ts';
import { formatRate, median } from './numbers.ts';
import { formatTable } from './table.ts';

interface Options {
  readonly rounds: number;
  readonly json?: boolean;
}

const program = resolve(import.meta.dirname, '../dist/cli/main.js');
const sweep = ['--sweep', 'alpha=0:1:0.1', '--sweep', 'width-ratio=0.5:2:0.15'];

async function run(options: Options): Promise<void> {
  if (!existsSync(program))
    throw new TritbankError('E_FILE', program, 'expected the built program (npm run build), found none');
  const environment = describeEnvironment();
  const directory = mkdtempSync(join(tmpdir(), 'tritbank-bench-'));
  try {
    await start(['table1', '--models', directory]);
    const tasks: Record<string, string[]> = {
      table1: ['table1'],
      'cost of MobileNet-V1 0.5': ['cost', join(directory, 'hybrid.onnx')],
      'sweep of 121 configurations': ['cost', join(directory, 'fp.onnx'), ...sweep],
      '--version': ['--version'],
    };
    const seconds = Object.fromEntries(Object.keys(tasks).map((name) => [name, [] as number[]]));
    for (let round = 0; round < options.rounds; round++) {
      for (const [name, args] of Object.entries(tasks)) seconds[name]!.push(await start(args));
    }
    const results = Object.entries(seconds).map(([name, all]) => ({ name, median: median(all), seconds: all }));
    printResult(options, { benchmark: 'cost', ...environment, rounds: options.rounds, results }, () =>
      formatTable(
        [
          { head: 'process', cell: (row) => row.name, align: 'left' },
          { head: 'seconds', cell: (row) => formatRate(row.median) },
          { head: 'least', cell: (row) => formatRate(Math.min(...row.seconds)) },
          { head: 'most', cell: (row) => formatRate(Math.max(...row.seconds)) },
        ],
        results,
      ),
    );
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function start(args: readonly string[]): Promise<number> {
  const began = performance.now();
  await promisify(execFile)(process.execPath, [program, ...args], { maxBuffer: 2 ** 26 });
  return (performance.now() - began) / 1000;
}

export function addCost(program: TritbankCommand): void {
  program
    .command('cost')
    .description('Seconds of whole processes of the built program: table1, cost, a sweep; medians, in turns.')
    .addOption(new ValueOption('--rounds <n>', 'rounds', whole({ from: 1, to: 1000 })).default(7))
    .common('npm run bench -- cost')
    .action((options: Options) => run(options));
}
