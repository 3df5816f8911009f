/**
 * Makes rows of the tables of CIFAR-10 and CIFAR-100 (`scripts/results/rows.ts`), and what they start from. Runs that are
 * finished are kept, runs that were stopped go on.
 *
 *   npx tsx scripts/cifar/run.ts ROW [SEED] [--network NAME] [--dry-run]      one row: planned, size-20, ablation-dist ...
 *   npx tsx scripts/cifar/run.ts all [--network NAME]... [--seeds 1,2,3]      all of them
 *
 *   --data       cifar10 (default) or cifar100
 *   --network    mobilenet-v1-0.5 (default), mobilenet-v1-0.5-160 and mobilenet-v2-0.35 (CIFAR-10), mobilenet-v2-0.5
 *                (CIFAR-100); with all: all of the data set by default
 *   --schedule   short (default) or full: see setting.ts
 *   --models     the folder with pretrained networks (default: models)
 *   --data-dir   the folder with the binary batches (default: data/cifar10, data/cifar100)
 *   --program    the program (default: node dist/cli/main.js, after `npm run build`)
 *   --jobs       runs at a time (default: 2)
 *   --dry-run    print the commands of what is not finished yet, and run nothing
 *
 * A run has its directory under runs/cifar10 (runs/cifar10-full, runs/cifar100 ...). Afterwards `npm run results` makes the
 * tables and charts.
 */

import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, renameSync } from 'node:fs';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { allRows, isRowOf } from '../results/rows.ts';
import { type DataName, dataNames, type NetworkName, networksOf, type ScheduleName, scheduleNames } from './setting.ts';
import { argsNow, inOrder, isDone, type Step, stepOf, stepsOfAll } from './steps.ts';

const text = { type: 'string' } as const;
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    data: text,
    network: { type: 'string', multiple: true },
    schedule: text,
    seeds: text,
    models: text,
    'data-dir': text,
    program: text,
    jobs: text,
    'dry-run': { type: 'boolean' },
  },
});

function fail(where: string, expected: string, found: string | undefined): never {
  console.error(`error E_USAGE: ${where}: expected ${expected}, found ${found === undefined ? 'none' : `'${found}'`}`);
  process.exit(2);
}

function oneOf<T extends string>(where: string, known: readonly T[], found: string | undefined): T {
  return known.find((name) => name === found) ?? fail(where, known.join(', '), found);
}

function wholeNumber(where: string, found: string): number {
  return /^[1-9]\d{0,8}$/.test(found) ? Number(found) : fail(where, 'a whole number of at least 1', found);
}

function stepsWanted(): Step[] {
  const [name, seed = '1'] = positionals;
  const schedule: ScheduleName = oneOf('--schedule', scheduleNames, values.schedule ?? 'short');
  const wanted = oneOf('ROW', ['all', ...allRows.map((row) => row.name)], name);
  const data: DataName = oneOf('--data', dataNames, values.data ?? 'cifar10');
  const known = networksOf(data);
  const given = values.network ?? (wanted === 'all' ? known : known.slice(0, 1));
  const networks: NetworkName[] = given.map((network) => oneOf('--network', known, network));
  const seeds = (values.seeds ?? '1,2,3').split(',').map((one) => wholeNumber('--seeds', one));
  return networks.flatMap((network) => {
    const place = {
      data,
      network,
      schedule,
      dataDir: values['data-dir'] ?? `data/${data}`,
      models: values.models ?? 'models',
    };
    if (wanted === 'all') return stepsOfAll(place, seeds);
    const row = allRows.find((one) => one.name === wanted)!;
    if (!isRowOf(row, { data, network: row.only?.[0] ?? network }))
      fail('--data', `${row.onlyOn} for ${row.name}`, data);
    if (!isRowOf(row, place)) fail('--network', `${row.only?.join(', ')} for ${row.name}`, network);
    return [stepOf(row, wholeNumber('SEED', seed), place)];
  });
}

const program = (values.program ?? 'node dist/cli/main.js').split(' ');

/** Resolves with whether the command ended well. */
function run(step: Step): Promise<boolean> {
  const args = argsNow(step);
  console.error(`${step.name}: tritbank ${args.join(' ')}`);
  mkdirSync(dirname(step.result), { recursive: true });
  const printed = `${step.result}.tmp`;
  const output = step.isPrinted ? openSync(printed, 'w') : undefined;
  const child = spawn(program[0]!, [...program.slice(1), ...args], {
    stdio: ['ignore', output ?? 'inherit', 'inherit'],
  });
  return new Promise((resolve) => {
    const end = (isGood: boolean) => {
      if (output !== undefined) closeSync(output);
      if (isGood && output !== undefined) renameSync(printed, step.result);
      resolve(isGood);
    };
    child.on('error', ({ message }) => {
      console.error(`${step.name}: ${message}`);
      end(false);
    });
    child.on('close', (status) => end(status === 0));
  });
}

/** All steps, some at a time, each after those that it needs; false where one failed, or one that it needs. */
async function runAll(steps: readonly Step[], jobs: number): Promise<boolean> {
  let free = jobs;
  const waiting: (() => void)[] = [];
  const inTurn = async (step: Step): Promise<boolean> => {
    if (free === 0) await new Promise<void>((resolve) => waiting.push(resolve));
    else free--;
    const isGood = await run(step);
    const next = waiting.shift();
    if (next) next();
    else free++;
    if (!isGood) console.error(`${step.name}: failed`);
    return isGood;
  };
  const ends = new Map<string, Promise<boolean>>();
  for (const step of steps) {
    const before = Promise.all(step.needs.map(({ result }) => ends.get(result) ?? true));
    const end = before.then((needs) => needs.every((isGood) => isGood) && (isDone(step) || inTurn(step)));
    ends.set(step.result, end);
  }
  return (await Promise.all(ends.values())).every((isGood) => isGood);
}

const steps = inOrder(stepsWanted());
if (values['dry-run']) {
  for (const step of steps) if (!isDone(step)) console.log(`tritbank ${argsNow(step).join(' ')}`);
} else if (!(await runAll(steps, wholeNumber('--jobs', values.jobs ?? '2')))) {
  process.exitCode = 1;
}
