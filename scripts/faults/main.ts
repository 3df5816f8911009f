/**
 * `npm run faults -- --kills N --seed S`: commands killed at random times, and met by a full disk, go on and leave what an
 * undisturbed run leaves, and nothing else. Status 1 where one does not.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Random } from '../../src/ir/index.ts';
import { whole } from '../../src/options/index.ts';
import { runOnFullDisk, whyNoDisk } from './full-disk.ts';
import { jobsFor, trainJob } from './jobs.ts';
import { type Reference, runKilled, runWhole, type Trial } from './kill.ts';

const { values } = parseArgs({
  options: { kills: { type: 'string', default: '10' }, seed: { type: 'string', default: '1' } },
});

function readCount(name: 'kills' | 'seed', from: number): number {
  const kind = whole({ from });
  const value = kind.parse(values[name]);
  if (value !== undefined) return value;
  process.stderr.write(`error E_USAGE: --${name}: expected ${kind.expected}, found '${values[name]}'\n`);
  process.exit(2);
}

const [kills, seed] = [readCount('kills', 1), readCount('seed', 0)];
const folder = mkdtempSync(join(tmpdir(), 'tritbank-faults-'));
const say = (line: string) => process.stdout.write(`${line}\n`);

let faults = 0;
let met = 0;
function tell(name: string, trial: Trial): void {
  const after = trial.kills.map((time) => `${time} ms`).join(', ');
  const disturbed = after ? `killed after ${after}` : 'not met by a kill';
  say(`${name.padEnd(24)} ${disturbed}: ${trial.faults.join('; ') || 'as undisturbed'}`);
  faults += trial.faults.length > 0 ? 1 : 0;
  met += trial.kills.length;
}

try {
  const trained = await runWhole(trainJob, join(folder, 'whole', 'train'));
  const references: Reference[] = [trained];
  for (const job of jobsFor(join(trained.out, 'model.onnx')).slice(1)) {
    references.push(await runWhole(job, join(folder, 'whole', job.name.replaceAll(' ', '-'))));
  }
  let left = kills;
  for (let trial = 0; left > 0; trial++) {
    const random = new Random(seed, 'kills', trial);
    const reference = references[trial % references.length]!;
    // the next command may be killed as well
    const most = Math.min(left, 1 + random.int(2));
    const found = await runKilled(reference, join(folder, `${trial}`), most, random);
    left -= Math.max(1, found.kills.length);
    tell(reference.job.name, found);
  }
  const reason = whyNoDisk(join(folder, 'disk'));
  if (reason !== undefined) say(`full disks: left out, ${reason}`);
  else {
    for (const [i, reference] of references.entries()) {
      const random = new Random(seed, 'disk', i);
      const { faults: found } = await runOnFullDisk(reference, join(folder, 'disk'), 600_000, random);
      say(`${reference.job.name.padEnd(24)} on a full disk: ${found.join('; ') || 'as undisturbed'}`);
      faults += found.length > 0 ? 1 : 0;
    }
  }
  say(
    `${met} of ${kills} kills met a running program, seed ${seed}: ${faults === 0 ? 'no fault' : `${faults} at fault`}`,
  );
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.exitCode = faults === 0 ? 0 : 1;
