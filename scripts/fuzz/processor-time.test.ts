import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import { processorSeconds } from './processor-time.ts';

test.skipIf(!existsSync('/proc/self/stat'))('work counts, waiting does not (skipped without /proc)', async () => {
  const work = () => {
    const before = processorSeconds(process.pid)!;
    const start = process.cpuUsage();
    while (process.cpuUsage(start).user < 200_000) Math.sqrt(before);
    return processorSeconds(process.pid)! - before;
  };
  expect(work()).toBeGreaterThanOrEqual(0.18);
  const before = processorSeconds(process.pid)!;
  await new Promise((done) => setTimeout(done, 300));
  expect(processorSeconds(process.pid)! - before).toBeLessThan(0.25);
});

test('no such process', () => expect(processorSeconds(2 ** 31 - 1)).toBeUndefined());
