/** Data sets in files of fixed layout: IDX, CIFAR's binary records. */

import { gzipSync } from 'node:zlib';
import { openDataset } from '../../../src/data/index.ts';
import { cifarFiles, idxFile } from '../data-files.ts';
import { mutateFile } from '../mutate.ts';
import type { Files, Target } from '../target.ts';

async function readAll(folder: string): Promise<string> {
  const { train, test } = await openDataset(folder);
  for (const split of [train, test]) for (let i = 0; i < split.length; i++) await split.read(i);
  return 'read';
}

const idxFiles: Files = {
  'train-images-idx3-ubyte': idxFile([6, 8, 8]),
  'train-labels-idx1-ubyte': idxFile([6]),
  't10k-images-idx3-ubyte': idxFile([4, 8, 8]),
  't10k-labels-idx1-ubyte': idxFile([4]),
};

const packed = (files: Files): Files =>
  Object.fromEntries(Object.entries(files).map(([name, bytes]) => [`${name}.gz`, gzipSync(bytes)]));

export const idx: Target = {
  name: 'idx',
  seeds: () => [idxFiles, packed(idxFiles)],
  mutate: mutateFile,
  run: (_, { folder }) => readAll(folder),
};

export const cifar: Target = {
  name: 'cifar',
  seeds: () => [cifarFiles(10), cifarFiles(100)],
  mutate: mutateFile,
  run: (_, { folder }) => readAll(folder),
};
