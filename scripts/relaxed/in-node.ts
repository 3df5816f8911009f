/**
 * A program for one version of Node: reads networks and images (JSON of `networks.ts`) from standard input, writes the
 * scores of each network with and without relaxed SIMD.
 */

import { json } from 'node:stream/consumers';
import { hasRelaxedSimd } from '../../src/runtime/kernels/wasm.ts';
import { InferenceSession, Tensor } from '../../src/runtime/node.ts';
import type { Network } from './networks.ts';

export interface NodeScores {
  readonly network: string;
  readonly isRelaxed: boolean;
  readonly scores: readonly number[][];
}

async function scoresOf({ path, images }: Network, relaxedSimd: boolean): Promise<number[][]> {
  const session = await InferenceSession.create(path, { relaxedSimd });
  const { name, shape } = session.inputMetadata[0]!;
  const dims = [1, ...(shape!.slice(1) as number[])];
  const scores: number[][] = [];
  for (const image of images) {
    const results = await session.run({ [name]: new Tensor('float32', Float32Array.from(image), dims) });
    scores.push(Array.from(results[session.outputNames[0]!]!.data));
  }
  await session.release();
  return scores;
}

const found: NodeScores[] = [];
for (const network of (await json(process.stdin)) as Network[]) {
  for (const isRelaxed of hasRelaxedSimd() ? [false, true] : [false]) {
    found.push({ network: network.name, isRelaxed, scores: await scoresOf(network, isRelaxed) });
  }
}
process.stdout.write(JSON.stringify(found));
