/** The networks of the table with their test images, as files: programs of other engines read them. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openDataset } from '../../src/data/index.ts';
import { TritbankError } from '../../src/ir/index.ts';
import { readPreprocessing } from '../../src/onnx/metadata.ts';
import { InferenceSession } from '../../src/runtime/node.ts';

export interface Network {
  readonly name: string;
  readonly path: string;
  /** Normalised pixels. */
  readonly images: readonly (readonly number[])[];
  readonly labels: readonly number[];
}

const root = join(import.meta.dirname, '../..');

const stored = [
  ['MNIST, int8', 'mnist', 'examples/browser/models/baseline.onnx'],
  ['MNIST, hybrid', 'mnist', 'examples/browser/models/hybrid.onnx'],
  ['CIFAR-10, hybrid', 'cifar10', 'results/cifar10/mobilenet-v1-0.5/planned-int8-1/model.onnx'],
  ['CIFAR-10, hybrid floats', 'cifar10', 'results/cifar10/mobilenet-v1-0.5/planned-1/model.onnx'],
  ['CIFAR-10, V2 hybrid', 'cifar10', 'results/cifar10/mobilenet-v2-0.35/planned-int8-1/model.onnx'],
] as const;

async function readNetwork([name, data, file]: (typeof stored)[number], count: number): Promise<Network> {
  const path = join(root, file);
  const { test } = await openDataset(data);
  const session = await InferenceSession.create(readFileSync(path));
  const { mean = [0], std = [1] } = readPreprocessing(session.metadata);
  await session.release();
  const pixels = test.height * test.width;
  const images: number[][] = [];
  for (let i = 0; i < count; i++) {
    const bytes = await test.read(i);
    images.push(
      Array.from(bytes, (byte, at) => {
        const channel = Math.floor(at / pixels);
        const of = (values: readonly number[]) => values[channel] ?? values[0]!;
        return Math.fround((byte - of(mean)) / of(std));
      }),
    );
  }
  return { name, path, images, labels: [...test.labels.subarray(0, count)] };
}

/** Those whose data are there; `say` is told of the others. */
export async function readNetworks(count: number, say: (line: string) => void): Promise<Network[]> {
  const networks: Network[] = [];
  for (const one of stored) {
    try {
      networks.push(await readNetwork(one, count));
    } catch (error) {
      if (!(error instanceof TritbankError) || error.code !== 'E_DATA') throw error;
      say(`left out: ${one[0]}: ${error.message}`);
    }
  }
  return networks;
}
