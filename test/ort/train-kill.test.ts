/**
 * The program under signals: killed in the middle of each phase and interrupted, it goes on and ends where an
 * undisturbed run ends.
 */

import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { loadCheckpoint } from '../../src/train/checkpoint.ts';
import { type TrainConfig, trainNetwork } from '../../src/train/index.ts';
import { program } from '../program.ts';
import { essence, writeBars } from './train-data.ts';

let directory = '';
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'tritbank-kill-'));
  writeBars(join(directory, 'bars'), { train: 96, test: 24 });
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const stepsPerEpoch = 3;

/** Runs the program; `watch` sees its standard error as it grows. */
function start(args: readonly string[], watch?: (stderr: string, kill: (signal: NodeJS.Signals) => void) => void) {
  const child = spawn(process.execPath, [...program, ...args], {
    cwd: directory,
    env: { ...process.env, NODE_OPTIONS: '' },
  });
  return new Promise<{ status: number | null; signal: string | null; stderr: string }>((done) => {
    let stderr = '';
    child.stderr.on('data', (chunk) => {
      stderr += chunk;
      watch?.(stderr, (signal) => child.kill(signal));
    });
    child.on('close', (status, signal) => done({ status, signal, stderr }));
  });
}

it('goes on after a kill in each phase, and ends with status 130 on SIGINT', async () => {
  const options =
    '--data bars --width 0.05 --method hybrid --first-stride 2 --layers first,classifier --batch-size 32 ' +
    '--epochs 8 --phases 2,2,4 --reestimate-batches 2 --ema 0.9';
  const [out, whole] = [join(directory, 'killed'), join(directory, 'whole')];
  // An epoch's line comes after its checkpoint: what stops the run a little later does so within the next epoch.
  const stops = [
    { epoch: 1, by: 'SIGKILL' },
    { epoch: 2, by: 'SIGINT' },
    { epoch: 3, by: 'SIGKILL' },
    { epoch: 5, by: 'SIGKILL' },
  ] as const;
  for (const [i, stop] of stops.entries()) {
    const line = i === 0 ? `train ${options} --out killed` : 'train --resume --out killed';
    let sent = false;
    const { status, signal, stderr } = await start(line.split(' '), (text, kill) => {
      const epochs = [...text.matchAll(/^epoch (\d+)\/8 /gm)].map(([, epoch]) => Number(epoch));
      if (sent || !epochs.some((epoch) => epoch >= stop.epoch)) return;
      sent = true;
      setTimeout(kill, 5, stop.by);
    });
    expect(existsSync(join(out, 'result.json'))).toBe(false);
    expect([status, signal]).toEqual(stop.by === 'SIGKILL' ? [null, 'SIGKILL'] : [130, null]);
    if (stop.by === 'SIGKILL') continue;
    expect(stderr).toMatch(/\nstopped by SIGINT; continue with: tritbank train --resume --out killed\n$/);
    const { position } = loadCheckpoint(join(out, 'checkpoint.safetensors'))!;
    expect(position.step).toBeGreaterThan(stop.epoch * stepsPerEpoch);
  }
  expect(await start('train --resume --out killed'.split(' '))).toMatchObject({ status: 0 });
  const config = JSON.parse(readFileSync(join(out, 'config.json'), 'utf8')) as TrainConfig;
  await trainNetwork({ ...config, data: join(directory, config.data) }, { out: whole });
  expect(essence(out)).toEqual(essence(whole));
});
