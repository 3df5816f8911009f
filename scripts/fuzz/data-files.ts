/** Data sets of a few drawn images, in the layouts of MNIST and CIFAR. */

import { encode, type Files } from './target.ts';

const pattern = (length: number, classes = 256) => Uint8Array.from({ length }, (_, i) => (i * 31) % classes);

/** An IDX file of bytes: two zeros, the type, the rank, big-endian sizes, the elements. */
export function idxFile(dims: readonly number[]): Uint8Array {
  const header = new DataView(new ArrayBuffer(4 + 4 * dims.length));
  header.setUint32(0, 0x0800 + dims.length);
  for (const [i, d] of dims.entries()) header.setUint32(4 + 4 * i, d);
  const data = pattern(
    dims.reduce((n, d) => n * d, 1),
    dims.length === 1 ? 3 : 256,
  );
  return Uint8Array.from([...new Uint8Array(header.buffer), ...data]);
}

const pixelBytes = 3 * 32 * 32;

/** Records of CIFAR-10 or -100: one or two labels, then the planes. */
const records = (count: number, labels: number) =>
  Uint8Array.from(
    Array.from({ length: count }, (_, i) => [...new Array(labels).fill(i), ...pattern(pixelBytes)]).flat(),
  );

export function cifarFiles(classes: 10 | 100): Files {
  if (classes === 100) {
    return { 'train.bin': records(2, 2), 'test.bin': records(1, 2) };
  }
  const names = [1, 2, 3, 4, 5].map((n) => `data_batch_${n}.bin`);
  return {
    ...Object.fromEntries(names.map((name) => [name, records(1, 1)])),
    'test_batch.bin': records(1, 1),
    'batches.meta.txt': encode(Array.from({ length: 10 }, (_, i) => `class ${i}`).join('\n')),
  };
}
