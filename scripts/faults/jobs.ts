/** What is disturbed: commands on tiny data, how each goes on, and what must not depend on how it came about. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';

export interface Job {
  readonly name: string;
  /** The command with its output at `out`, begun or, after a kill, continued. */
  command(out: string, isContinued: boolean): string[];
}

const data = '--data synthetic --train-samples 96 --batch-size 16 --threads 1 --quiet';
const few = '--data synthetic --images 32 --threads 1 --quiet';
const words = (line: string) => line.split(' ');

const training = 'train --width 0.25 --model ds-cnn --epochs 3 --reestimate-batches 2';

/** A run directory, continued by `--resume` once there is a run in it. */
const run = (name: string, line: string): Job => ({
  name,
  command: (out, isContinued) => {
    const isThere = isContinued && existsSync(join(out, 'config.json'));
    return [...words(line), '--out', out, ...(isThere ? ['--resume'] : [])];
  },
});

const file = (name: string, line: string): Job => ({ name, command: (out) => [...words(line), '--out', out] });

/** The first one's result is the model of the others. */
export const trainJob = run('train', `${training} --method fp ${data}`);

export const jobsFor = (model: string): Job[] => [
  trainJob,
  run('train hybrid', `${training} --method hybrid --phases 1,1,1 ${data}`),
  run('fine-tune', `fine-tune ${model} --method twn --epochs 2 --reestimate-batches 2 ${data}`),
  run(
    'compress',
    `compress ${model} --max-size 0.9 --epochs 2 --images 32 --ratios 0.5,1 --reestimate-batches 2 ${data}`,
  ),
  run('calibrate', `compress ${model} --calibrate-only --uniform 0.5,1 --ratios 0.5,1 ${few}`),
  file('export', `export ${model} --activations int8 ${few}`),
  file('analyze', `analyze ${model} ${few}`),
];
