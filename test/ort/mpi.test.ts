/** Two ranks under mpirun: the losses of one process, a rank that is killed, evaluation and compression together. */

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mayRun } from '../../src/files/process.ts';
import { loadCheckpoint } from '../../src/train/checkpoint.ts';
import type { EpochRecord, RunResult } from '../../src/train/index.ts';
import { program, startProgram } from '../program.ts';
import { writeBars } from './train-data.ts';

const hasMpi = spawnSync('mpirun', ['--version']).status === 0;
if (!hasMpi) console.warn('skipped: no mpirun (apt-get install openmpi-bin libopenmpi3)');

let directory = '';
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'tritbank-mpi-'));
  writeBars(join(directory, 'bars'), { train: 96, test: 24 });
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const launching = ['--oversubscribe', ...(process.getuid?.() === 0 ? ['--allow-run-as-root'] : []), '-n', '2'];

/** Runs the program on two ranks; `watch` sees standard error as it grows. */
function together(args: string, watch?: (stderr: string, mpirun: ChildProcess) => void, set: NodeJS.ProcessEnv = {}) {
  const child = spawn('mpirun', [...launching, process.execPath, ...program, ...args.split(' ')], {
    cwd: directory,
    env: { ...process.env, NODE_OPTIONS: '', TRITBANK_RANK_TIMEOUT: '120', ...set },
  });
  return new Promise<{ status: number | null; stdout: string; stderr: string }>((done) => {
    const output = { stdout: '', stderr: '' };
    child.stdout.on('data', (chunk) => {
      output.stdout += chunk;
    });
    child.stderr.on('data', (chunk) => {
      output.stderr += chunk;
      watch?.(output.stderr, child);
    });
    child.on('close', (status) => done({ status, ...output }));
  });
}

/** The process of a rank, by its parent and its environment. */
function processOf(rank: number, mpirun: number): number {
  const found = readdirSync('/proc').find((name) => {
    if (!/^\d+$/.test(name)) return false;
    try {
      const parent = readFileSync(`/proc/${name}/stat`, 'latin1').replace(/.*\) /s, '').split(' ')[1];
      return (
        Number(parent) === mpirun &&
        readFileSync(`/proc/${name}/environ`, 'latin1').includes(`OMPI_COMM_WORLD_RANK=${rank}\0`)
      );
    } catch {
      // it ended meanwhile
      return false;
    }
  });
  return Number(found);
}

const history = (out: string): EpochRecord[] =>
  readFileSync(join(directory, out, 'metrics.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as EpochRecord);

const resultOf = (out: string) => JSON.parse(readFileSync(join(directory, out, 'result.json'), 'utf8')) as RunResult;

const options =
  'train --data bars --width 0.05 --method hybrid --first-stride 2 --layers first,classifier --batch-size 32 ' +
  '--phases 2,2,4 --reestimate-batches 2 --threads 1';

describe.skipIf(!hasMpi)('two ranks', () => {
  it('train as one process does, with shared batch norms, and only rank 0 speaks and writes', async () => {
    // smooth and well conditioned, so that rounding stays small
    const how =
      'train --data bars --model ds-cnn --width 0.25 --first-stride 2 --batch-size 32 --learning-rate 0.001 --mixup 0.2 ' +
      '--reestimate-batches 2 --threads 1 --epochs 3 --sync-batch-norm';
    const alone = await startProgram(`${how} --out alone`.split(' '), directory);
    expect(alone.stderr).toContain('epoch 3/3');
    const { status, stdout, stderr } = await together(`${how} --out both --json`);
    expect([status, stderr.match(/^epoch 3\/3/gm)]).toEqual([0, ['epoch 3/3']]);
    const { top1, top5 } = JSON.parse(stdout) as RunResult;
    const [one, two] = [history('alone'), history('both')];
    expect(two).toHaveLength(one.length);
    for (const [i, record] of two.entries()) {
      expect(Math.abs(record.trainLoss - one[i]!.trainLoss)).toBeLessThan(1e-5);
      expect(Math.abs(record.testLoss - one[i]!.testLoss)).toBeLessThan(1e-3);
    }
    expect([top1, top5]).toEqual([resultOf('both').top1, resultOf('both').top5]);
    expect(
      resultOf('both')
        .confusion.flat()
        .reduce((a, b) => a + b),
    ).toBe(24);
    const files = (out: string) => readdirSync(join(directory, out)).filter((name) => !name.startsWith('events'));
    expect(files('both').sort()).toEqual(
      files('alone')
        .filter((name) => name !== '.lock')
        .sort(),
    );
  });

  it('end when one is killed, and go on as one process', async () => {
    const out = join(directory, 'killed');
    let [killed, first] = [0, 0];
    const { status, stderr } = await together(`${options} --epochs 500 --out killed`, (text, mpirun) => {
      if (killed > 0 || !text.includes('epoch 2/500')) return;
      [first, killed] = [processOf(0, mpirun.pid!), processOf(1, mpirun.pid!)];
      process.kill(killed, 'SIGKILL');
    });
    expect(killed).toBeGreaterThan(0);
    expect(status).not.toBe(0);
    expect(stderr).toMatch(/^error E_RANK: rank 0: expected all ranks to go on, found that rank 1 \(.*\) ended; /m);
    const { position } = loadCheckpoint(join(out, 'checkpoint.safetensors'))!;
    expect(position.epoch).toBeGreaterThanOrEqual(2);
    // the launcher may be gone before the rank that it ended
    while (mayRun({ pid: first, host: hostname() })) await new Promise((resolve) => setTimeout(resolve, 50));
    const resumed = await startProgram(['train', '--resume', '--out', 'killed'], directory, (text, kill) => {
      if (text.includes(`epoch ${position.epoch + 2}/500`)) kill('SIGINT');
    });
    expect(resumed.stderr).not.toContain('error');
    expect(resumed.status).toBe(130);
    expect(history('killed').map(({ epoch }) => epoch)).toEqual(
      Array.from({ length: history('killed').length }, (_, i) => i + 1),
    );
  });

  it('end when one is stopped, and name it', async () => {
    const set = { TRITBANK_RANK_TIMEOUT: '5' };
    let stopped = 0;
    const { status, stderr } = await together(
      `${options} --epochs 500 --out stopped`,
      (text, mpirun) => {
        if (stopped > 0 || !text.includes('epoch 2/500')) return;
        stopped = processOf(1, mpirun.pid!);
        process.kill(stopped, 'SIGSTOP');
      },
      set,
    );
    expect(status).toBe(1);
    expect(stderr).toMatch(/^error E_RANK: rank 0: .* found that rank 1 \(.*\) gave no sign of life for 4 s; /m);
    expect(loadCheckpoint(join(directory, 'stopped', 'checkpoint.safetensors'))!.position.epoch).toBeGreaterThan(1);
  });

  it('save and stop when their launcher is told to, and go on together', async () => {
    let told = false;
    const first = await together(`${options} --epochs 500 --out told`, (text, mpirun) => {
      if (told || !text.includes('epoch 2/500')) return;
      told = true;
      mpirun.kill('SIGTERM');
    });
    expect(first.status).not.toBe(0);
    expect(first.stderr).toContain('stopped by SIGTERM; continue with: tritbank train --resume --out told');
    const { epoch, batch } = loadCheckpoint(join(directory, 'told', 'checkpoint.safetensors'))!.position;
    expect(epoch + batch).toBeGreaterThanOrEqual(2);
    let isStopped = false;
    const second = await together('train --resume --out told', (text, mpirun) => {
      if (isStopped || !text.includes(`epoch ${epoch + 2}/500`)) return;
      isStopped = true;
      mpirun.kill('SIGTERM');
    });
    expect(second.stderr).not.toContain('error');
    expect(history('told').map((record) => record.epoch)).toEqual(history('told').map((_, i) => i + 1));
  });

  it('have a mistake in their command line said, by rank 0 alone, though it begins last', () => {
    const words = [process.execPath, ...program, 'train', '--epoch', '3'];
    const [node, late] = [launching.slice(0, -1), 'sleep 2; exec "$@"'];
    const { status, stderr } = spawnSync(
      'mpirun',
      [...node, '1', 'sh', '-c', late, 'sh', ...words, ':', '-n', '1', ...words],
      { cwd: directory, encoding: 'utf8', env: { ...process.env, NODE_OPTIONS: '' } },
    );
    const said = stderr.split('\n').filter((line) => line.includes('error E_'));
    expect([status, said]).toEqual([2, [expect.stringMatching(/^error E_USAGE: --epoch: expected an option of/)]]);
  }, 60_000);

  it('refuse a batch that they cannot divide, in one line', async () => {
    const { status, stderr } = await together(`${options} --batch-size 31 --epochs 1 --out odd`);
    expect(status).toBe(2);
    const said = stderr.split('\n').filter((line) => line.includes('error E_'));
    expect(said).toEqual([expect.stringMatching(/^error E_USAGE: --batch-size: expected a multiple of .*found 31$/)]);
  });
});
