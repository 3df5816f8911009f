import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openDataset } from './open.ts';

let dir = '';
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'tritbank-cifar-'));
});
afterEach(() => rm(dir, { recursive: true }));

/** Records whose pixels all have the value of their position in the file. */
function records(labels: readonly (readonly number[])[]): Uint8Array {
  return Uint8Array.from(labels.flatMap((label, i) => [...label, ...new Array<number>(3072).fill(i)]));
}

async function writeCifar10(place = dir) {
  for (let i = 1; i <= 5; i++) await writeFile(join(place, `data_batch_${i}.bin`), records([[i], [0]]));
  await writeFile(join(place, 'test_batch.bin'), records([[9], [8], [7]]));
}

test.each(['.', 'cifar-10-batches-bin'])('reads CIFAR-10 batches in %s', async (inner) => {
  await mkdir(join(dir, inner), { recursive: true });
  await writeCifar10(join(dir, inner));
  const warnings: string[] = [];
  const data = await openDataset(dir, { warn: (w) => warnings.push(w) });
  expect(data).toMatchObject({ name: 'cifar10', channels: 3, height: 32, width: 32 });
  expect([...data.train.labels]).toEqual([1, 0, 2, 0, 3, 0, 4, 0, 5, 0]);
  expect([...data.test.labels]).toEqual([9, 8, 7]);
  expect(new Set(await data.test.read(2))).toEqual(new Set([2]));
  expect(data.classes[9]).toBe('truck');
  expect(warnings).toHaveLength(6);
  expect(warnings[5]).toContain('test_batch.bin: not the official CIFAR-10');
});

test('reads CIFAR-100 with fine labels and their names', async () => {
  await writeFile(
    join(dir, 'train.bin'),
    records([
      [19, 99],
      [3, 0],
    ]),
  );
  await writeFile(join(dir, 'test.bin'), records([[1, 42]]));
  const names = Array.from({ length: 100 }, (_, i) => `name ${i}`);
  await writeFile(join(dir, 'fine_label_names.txt'), `${names.join('\n')}\n\n`);
  const data = await openDataset('cifar100', { dir });
  expect(data).toMatchObject({ name: 'cifar100', classes: names, notes: [] });
  expect([...data.train.labels, ...data.test.labels]).toEqual([99, 0, 42]);
  await writeFile(join(dir, 'fine_label_names.txt'), 'one\ntwo\n');
  await expect(openDataset(dir)).rejects.toMatchObject({ code: 'E_FORMAT' });
  await rm(join(dir, 'fine_label_names.txt'));
  expect((await openDataset(dir)).notes.join()).toContain('numbered');
});

test('truncated files, wrong labels and missing batches are told apart', async () => {
  await writeCifar10();
  const path = join(dir, 'data_batch_3.bin');
  await writeFile(path, records([[1], [2]]).subarray(0, 6000));
  await expect(openDataset(dir)).rejects.toMatchObject({
    code: 'E_FORMAT',
    message: `${path}: expected a whole number of 3073-byte records, found 6000 bytes (truncated or damaged)`,
  });
  await writeFile(path, records([[1], [10]]));
  await expect(openDataset(dir)).rejects.toMatchObject({
    code: 'E_DATA',
    message: `${path}: expected labels in 0..9, found 10 at index 1`,
  });
  await rm(path);
  await expect(openDataset(dir)).rejects.toMatchObject({ code: 'E_DATA', where: path });
});

test('the Python version is recognised and declined', async () => {
  await mkdir(join(dir, 'cifar-10-batches-py'));
  await writeFile(join(dir, 'cifar-10-batches-py', 'data_batch_1'), 'pickle');
  const error = openDataset('cifar10', { dir });
  await expect(error).rejects.toMatchObject({ code: 'E_DATA', detail: expect.stringContaining('the Python version') });
  await expect(error).rejects.toThrow('cifar-10-binary.tar.gz');
});
