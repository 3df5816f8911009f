/** What the machine has: processors, memory, places to write. */

import { availableParallelism, cpus, freemem, tmpdir, totalmem } from 'node:os';
import { probeRunDirectory } from '../../files/files.ts';
import { type Check, checkThat, fine } from './check.ts';

const gigabytes = (bytes: number) => `${(bytes / 2 ** 30).toFixed(1)} GB`;

/** Training MobileNet-V1 0.25 at 224 x 224 takes 1.7 GB (`engine/session.ts`). */
const littleMemory = 2 * 2 ** 30;

function memory(): Check {
  const found = `${gigabytes(freemem())} free of ${gigabytes(totalmem())}`;
  if (freemem() >= littleMemory) return fine('memory', found);
  const advice = 'smaller batches (--batch-size) and fewer images need less';
  return { name: 'memory', status: 'warn', found, advice, required: false };
}

const place = (name: string, path: string) =>
  checkThat(
    name,
    () => {
      probeRunDirectory(path);
      return `${path}, writable`;
    },
    { advice: 'name a place that can be written with --out' },
  );

export async function checkMachine(): Promise<Check[]> {
  const model = cpus()[0]?.model.trim() || 'unknown';
  return [
    fine('processor', `${model}, ${cpus().length} cores`),
    fine('threads', `${availableParallelism()} at a time`),
    memory(),
    await place('current folder', process.cwd()),
    await place('temporary folder', tmpdir()),
  ];
}
