/** Joining the other ranks, where there are any. */

import type { Communicator } from './communicator.ts';
import { findLaunch, type Launch } from './launcher.ts';

/**
 * The other ranks' communicator, where a launcher started this process as one of several; undefined for one on its own,
 * which loads nothing. E_MPI where the package koffi or the MPI library is absent, or is not the launcher's.
 *
 * @example
 * import { defaultConfig, joinRanks, trainNetwork } from 'tritbank';
 *
 * const ranks = await joinRanks(); // under `mpirun -n 4 node train.js`, one of four
 * const config = { ...defaultConfig, data: 'images', width: 0.25, epochs: 1, batchSize: 8 };
 * const { top1 } = await trainNetwork(config, { out: 'runs/together', ...(ranks && { ranks }) });
 * if (!ranks || ranks.rank === 0) console.log(top1);
 * ranks?.finalize();
 */
export async function joinRanks(environment: NodeJS.ProcessEnv = process.env): Promise<Communicator | undefined> {
  const launch = findLaunch(environment);
  if (!launch || launch.size === 1) return undefined;
  const { joinMpi } = await import('./mpi.ts');
  const communicator = joinMpi(launch, environment);
  if (communicator.size > 1) return communicator;
  communicator.finalize();
  return undefined;
}

/** The place that the launcher gave this process, before anything is loaded. */
export const launchOf = (environment: NodeJS.ProcessEnv = process.env): Launch | undefined => findLaunch(environment);
