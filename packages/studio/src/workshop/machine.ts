/** Machines to plan for: the toolkit's targets, opened for the network on the bench. */

import { MemorySplit } from '#toolkit/data/memory.ts';
import { exportOnnx } from '#toolkit/export/onnx/index.ts';
import { Random, TritbankError } from '#toolkit/ir/index.ts';
import { readModel } from '#toolkit/onnx/read.ts';
import { writeModel } from '#toolkit/onnx/write.ts';
import { inferShapes } from '#toolkit/passes/index.ts';
import { readTarget } from '#toolkit/targets/index.ts';
import type { Bench, Machine } from './bench.ts';
import { prepareRuntime } from './libraries.ts';

/** Two images of noise: what an instruction costs does not depend on what is computed. */
function noise({ channels, height, width }: NonNullable<Bench['image']>): MemorySplit {
  const random = new Random(1, 'noise');
  const pixels = Uint8Array.from({ length: 2 * channels * height * width }, () => Math.floor(256 * random.float()));
  return new MemorySplit('noise', { channels, height, width }, pixels, new Int32Array(2), 1);
}

/** Opened once for a network, since that packs the network in 8 bits. */
export async function machineOf(bench: Bench, name: string): Promise<Machine> {
  const known = bench.machines.get(name);
  if (known) return known;
  const { network, image, normalisation } = bench;
  if (!image || !normalisation) {
    throw new TritbankError('E_MODEL', `target '${name}'`, 'expected a network of images of known normalisation');
  }
  await prepareRuntime();
  const machine = readTarget(name);
  const calibration = { split: noise(image), normalisation, images: 2 };
  const exported = await exportOnnx(network, { activations: 'int8', filters: 'int8', calibration });
  // as it would be read from its file
  const control = inferShapes(readModel(writeModel(exported)));
  const opened: Machine = { target: machine.open(control), time: machine.time };
  bench.machines.set(name, opened);
  return opened;
}
