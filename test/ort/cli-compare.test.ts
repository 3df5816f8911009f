/** `sweep` and `compare`: the commands of many runs, and what they left. */

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { defaultConfig } from '../../src/train/config.ts';
import { startProgram } from '../program.ts';

let directory = '';

/** A run directory as `train` leaves it, with what `compare` reads. */
function writeRun(name: string, alpha: number, seed: number, top1?: number): void {
  const path = join(directory, 'runs', name);
  mkdirSync(path, { recursive: true });
  writeFileSync(join(path, 'config.json'), JSON.stringify({ ...defaultConfig, method: 'hybrid', alpha, seed }));
  const epoch = { epoch: 1, phase: 'full', trainLoss: 1, testLoss: 1, top1: 0.5, top5: 0.9, seconds: 3 };
  writeFileSync(join(path, 'metrics.jsonl'), `${JSON.stringify(epoch)}\n`);
  if (top1 === undefined) return;
  const result = { top1, loss: 0.3, bytes: 1024, bytes16: 4096, energy: 0.7, throughput: 1, seconds: 60 };
  writeFileSync(join(path, 'result.json'), JSON.stringify(result));
}

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'tritbank-compare-'));
  writeRun('alpha-0.25-seed-1', 0.25, 1, 0.8);
  writeRun('alpha-0.25-seed-2', 0.25, 2, 0.9);
  writeRun('alpha-0.5-seed-1', 0.5, 1, 0.7);
  writeRun('alpha-0.5-seed-2', 0.5, 2);
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const start = (line: string) => startProgram(line.split(' '), directory);

describe('compare', () => {
  it('groups runs by what they have in common besides the seed', async () => {
    const names = ['0.25-seed-1', '0.25-seed-2', '0.5-seed-1', '0.5-seed-2'].map((name) => `runs/alpha-${name}`);
    const { status, stdout } = await start(`compare ${names.join(' ')} --report all.html --json`);
    expect(status).toBe(0);
    const { groups, runs } = JSON.parse(stdout);
    expect(runs).toHaveLength(4);
    expect(groups.map((g: { name: string; finished: number }) => [g.name, g.finished])).toEqual([
      ['alpha 0.25', 2],
      ['alpha 0.5', 1],
    ]);
    const { mean, deviation } = groups[0].figures.top1;
    expect([mean, deviation]).toEqual([expect.closeTo(0.85, 9), expect.closeTo(Math.sqrt(0.005), 9)]);
    expect(groups[1].figures.top1).toMatchObject({ mean: 0.7, deviation: 0 });
    const page = readFileSync(join(directory, 'all.html'), 'utf8');
    for (const text of ['alpha 0.25', '85.00 ± 7.07', 'alpha-0.5-seed-2', '<svg']) expect(page).toContain(text);
    const plain = await start(`compare ${names.join(' ')}`);
    expect(plain.stdout).toMatch(/^alpha 0\.25 +2\/2 +85\.00 ± 7\.07/m);
    expect(plain.stdout).toMatch(/^alpha-0\.5-seed-2 +2 +epoch 1 +50\.00/m);
  });

  it('names a directory without a run', async () => {
    const { status, stderr } = await start('compare runs');
    expect([status, stderr]).toEqual([
      2,
      'error E_FILE: runs: expected a run directory with its config.json, found none\n',
    ]);
  });
});

describe('sweep', () => {
  it('lists what is still to be done', async () => {
    const { status, stdout, stderr } = await start(
      'sweep --vary alpha=0.25,0.5,0.75 --seeds 1,2 -- train --data mnist --method hybrid',
    );
    expect([status, stderr]).toEqual([0, 'warning: 3 of 6 runs are finished\n']);
    expect(stdout.trim().split('\n')).toEqual([
      'npx tritbank train --data mnist --method hybrid --alpha 0.5 --seed 2 --out runs/alpha-0.5-seed-2 --resume',
      'npx tritbank train --data mnist --method hybrid --alpha 0.75 --seed 1 --out runs/alpha-0.75-seed-1',
      'npx tritbank train --data mnist --method hybrid --alpha 0.75 --seed 2 --out runs/alpha-0.75-seed-2',
    ]);
  });

  it('refuses what it adds itself, and what is no sweep', async () => {
    const twice = await start('sweep --vary alpha=1 -- train --alpha 0.5');
    expect(twice.stderr).toBe('error E_USAGE: --alpha: expected it once, found it twice\n');
    const other = await start('sweep --vary alpha=1 -- cost model.onnx');
    expect([other.status, other.stderr]).toEqual([
      2,
      "error E_USAGE: command: expected one of train, fine-tune, compress, found 'cost'\n",
    ]);
    const errors = [
      ['--vary alpha=0.5 -- train --epoch 3', "--epoch: expected an option of 'tritbank train'"],
      ['--vary method=hybrid,foo -- train --data mnist', '--method: expected one of'],
      ['--vary alpah=1 -- train --data mnist', '--alpah: expected an option'],
      ['--seeds 1 -- train --model mobilenet-v9', '--model: expected one of'],
      ['--seeds 1 -- fine-tune --data mnist', 'MODEL.onnx: expected an argument'],
      ['--seeds 1 -- compress a.onnx --data mnist --max-size 7x', '--max-size: expected'],
      ['--vary width=0.25,0.5 -- train --width=1', '--width: expected it once, found it twice'],
      ['--seeds 1,2 -- train --seed=3', '--seed: expected a command without it'],
      ['--seeds 1 -- train --out=run', '--out: expected a command without it'],
      ['--vary out=a,b -- train', "--vary: expected an option that sweep does not add, found 'out'"],
      ['--seeds 1,1 -- train', '--vary: expected values with a run directory each, found runs/seed-1 twice'],
      ['--vary data=a/b,a_b -- train', '--vary: expected values with a run directory each, found runs/data-a_b twice'],
      ['--seeds 1 -- train --help', 'command: expected one that does its work'],
    ];
    for (const [words, error] of errors) {
      const { status, stdout, stderr } = await start(`sweep ${words}`);
      expect([words, status, stdout, stderr]).toEqual([
        words,
        2,
        '',
        expect.stringContaining(`error E_USAGE: ${error}`),
      ]);
    }
  });
});
