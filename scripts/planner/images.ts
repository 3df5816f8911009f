/**
 * A part of CIFAR-10's training images in the form of the whole: 20,000 to train with, and 5,000 that judge where its test
 * images would be. The test images take no part.
 */

import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const recordBytes = 3073;
const perBatch = { train: 4000, judge: 1000 } as const;

const batchNames = [1, 2, 3, 4, 5].map((i) => `data_batch_${i}.bin`);

/** The first 4,000 images of each training batch, and its last 1,000; made once in `out`. */
export function takePart(dataDir: string, out: string): void {
  if (existsSync(out)) return;
  const partial = `${out}.tmp`;
  rmSync(partial, { recursive: true, force: true });
  mkdirSync(partial, { recursive: true });
  const places = [dataDir, join(dataDir, 'cifar-10-batches-bin')];
  const judges = batchNames.map((name) => {
    const path = places.map((place) => join(place, name)).find((file) => existsSync(file));
    if (!path) throw new Error(`${dataDir}: expected ${name} of CIFAR-10's binary version, found none`);
    const bytes = readFileSync(path);
    writeFileSync(join(partial, name), bytes.subarray(0, perBatch.train * recordBytes));
    return bytes.subarray(bytes.length - perBatch.judge * recordBytes);
  });
  writeFileSync(join(partial, 'test_batch.bin'), Buffer.concat(judges));
  renameSync(partial, out);
}
