/**
 * `bench threads`: a network on one thread and on several, in turns, and what the machine had left: as many workers with a
 * network each, which meet at no barrier, beside one of them. Gains above that ceiling cannot be had.
 */

import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { makeImage } from '../../src/bench/contest.ts';
import { type DrawnName, drawTask } from '../../src/bench/index.ts';
import { printResult, type TritbankCommand, ValueOption } from '../../src/cli/command.ts';
import { writeFileAtomic } from '../../src/files/index.ts';
import { text, whole } from '../../src/options/values.ts';
import { alignTable } from '../../src/report/text-table.ts';
import { InferenceSession, Tensor } from '../../src/runtime/node.ts';
import { describeEnvironment } from '../environment.ts';
import { median } from '../numbers.ts';

interface Options {
  readonly threads: number;
  readonly rounds: number;
  readonly out?: string;
  readonly json?: boolean;
}

const network: DrawnName = 'v1-0.5-224';
const forms = ['int8', 'hybrid'] as const;
const size = 224;

interface Row {
  readonly form: string;
  /** Milliseconds of an image, medians over rounds. */
  readonly one: number;
  readonly several: number;
  /** Medians of the rounds' ratios: of latencies, and of what independent workers did together over one alone. */
  readonly gain: number;
  readonly ceiling: number;
}

/** Runs of a network in half a second, by each of so many workers at the same time. */
async function runsTogether(model: Uint8Array, count: number): Promise<number> {
  const workers = Array.from({ length: count }, () => {
    return new Worker(new URL('../../scripts/source-worker.mjs', import.meta.url), {
      workerData: new URL('./worker.ts', import.meta.url).href,
    });
  });
  const told = () => Promise.all(workers.map(async (worker) => (await once(worker, 'message'))[0] as number));
  const ready = told();
  for (const worker of workers) worker.postMessage(model);
  await ready;
  const done = told();
  for (const worker of workers) worker.postMessage(500);
  const runs = await done;
  await Promise.all(workers.map((worker) => worker.terminate()));
  return runs.reduce((sum, own) => sum + own, 0);
}

async function measure(form: string, model: Uint8Array, { threads, rounds }: Options): Promise<Row> {
  const { data, dims } = makeImage(3, size);
  const sessions = await Promise.all([1, threads].map((count) => InferenceSession.create(model, { threads: count })));
  const times: number[][] = [[], []];
  const ceilings: number[] = [];
  const least = async (session: InferenceSession) => {
    let best = Number.POSITIVE_INFINITY;
    for (let run = 0; run < 5; run++) {
      await session.run({ [session.inputNames[0]!]: new Tensor('float32', data, dims) });
      best = Math.min(best, session.lastMilliseconds);
    }
    return best;
  };
  for (const session of sessions) for (let run = 0; run < 4; run++) await least(session);
  for (let round = 0; round < rounds; round++) {
    for (const [i, session] of sessions.entries()) times[i]!.push(await least(session));
    ceilings.push((await runsTogether(model, threads)) / (await runsTogether(model, 1)));
  }
  for (const session of sessions) await session.release();
  const [one, several] = times as [number[], number[]];
  const gain = median(one.map((time, round) => time / several[round]!));
  return { form, one: median(one), several: median(several), gain, ceiling: median(ceilings) };
}

async function run(options: Options): Promise<void> {
  const environment = describeEnvironment();
  const { models } = await drawTask(network);
  const rows: Row[] = [];
  for (const form of forms) rows.push(await measure(form, models.get(form)!, options));
  const result = { environment, network, threads: options.threads, rounds: options.rounds, rows };
  if (options.out !== undefined) writeFileAtomic(options.out, `${JSON.stringify(result, null, 1)}\n`);
  printResult(options, result, () =>
    alignTable(
      ['network', '1 thread (ms)', `${options.threads} threads (ms)`, 'gain', 'independent workers'],
      rows.map(({ form, one, several, gain, ceiling }) => [
        ...[form, one.toFixed(2), several.toFixed(2), gain.toFixed(2), ceiling.toFixed(2)],
      ]),
    ),
  );
}

export function addThreads(program: TritbankCommand): void {
  program
    .command('threads')
    .summary('one thread and several, beside what the machine has left')
    .description(`MobileNet ${network} with drawn weights on one thread and on several, in turns.`)
    .addOption(new ValueOption('--threads <n>', 'threads', whole({ from: 2, to: 64 })).default(2))
    .addOption(new ValueOption('--rounds <n>', 'rounds', whole({ from: 1 })).default(9))
    .addOption(new ValueOption('--out <file>', 'write all figures as JSON', text('a file')))
    .option('--json', 'print one JSON object')
    .action(run);
}
