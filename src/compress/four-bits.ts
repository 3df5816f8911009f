/**
 * The second control: the uncompressed network with its filters in 4 bits, rounded and calibrated on the images that the
 * compressed one is calibrated on. A quarter of the size at 16 bits is what that takes.
 */

import type { Graph } from '../ir/index.ts';
import { fanIn, inBits, type Plan, writeFilterBits } from '../quantize/index.ts';
import { findCandidates } from './candidates.ts';
import { fourBitsForms, pack, readPacked } from './deployment.ts';
import { compressFiles, type Job, ofControl } from './job.ts';
import { calibrated } from './rebuild.ts';
import { largestMatrix } from './statistics/inputs.ts';

/** Only where the compressed network is made likewise: one that is trained would need a control that is. */
export const hasFourBits = ({ config: { method, activations, uniform } }: Pick<Job, 'config'>) =>
  method === 'calibrate' && activations === 'int8' && !(uniform && 'bits' in uniform);

/** Every layer that calibration can round. */
function planFourBits(graph: Graph): Plan {
  const layers = findCandidates(graph).filter((layer) => fanIn(layer) <= largestMatrix);
  return { layers: Object.fromEntries(layers.map(({ name, filters }) => [name, inBits(filters, 4)])) };
}

/** The original as it would be counted. */
export function countedFourBits(graph: Graph): Graph {
  const copy = graph.clone();
  const layers = findCandidates(graph);
  writeFilterBits(copy, new Map(layers.map(({ name, filters }) => [name, inBits(filters, 4).bits!])));
  return copy;
}

/** Writes the file, if that was not done yet, and reads it back; undefined where there is none. */
export async function packFourBits(job: Job): Promise<Graph | undefined> {
  if (!hasFourBits(job)) return undefined;
  const aside = ofControl(job, compressFiles.fourBits);
  const network = () => calibrated(aside, planFourBits(job.graph), { stage: 'control' });
  await pack(aside, network, compressFiles.fourBits, fourBitsForms);
  return readPacked(job, compressFiles.fourBits);
}
