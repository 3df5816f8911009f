/** Sensitivities of the filters of the network on the bench. */

import { type Analysis, analyzeNetwork } from '#toolkit/compress/sensitivity.ts';
import { collectStatistics, sensitivitiesOf } from '#toolkit/compress/statistics/statistics.ts';
import type { Call } from '../rpc.ts';
import type { Bench } from './bench.ts';
import type { PictureSet } from './images.ts';
import { prepareRuntime } from './libraries.ts';

/** Hidden units per filter that are tried: what a page has time for. */
export const ratios = [0.25, 0.5, 1, 1.5, 2] as const;

/**
 * With images losses are in nats; without, noise-to-signal ratios of layers. At a second analysis the first one's plans
 * are forgotten.
 */
export async function analyse(bench: Bench, pictures: PictureSet | undefined, call: Call): Promise<Analysis> {
  const { network, normalisation } = bench;
  const images = Math.min(64, pictures?.split.length ?? 0);
  const whole = pictures && normalisation ? 0.3 : 0;
  const found =
    pictures && normalisation
      ? await prepareRuntime().then(() =>
          collectStatistics(network, pictures.split, {
            ...{ images, normalisation, signal: call.signal, batchSize: Math.min(8, images) },
            onProgress: (done, total, { pass, passes }) =>
              call.report((whole * (pass - 1 + done / total)) / passes, `measuring images ${done} of ${total}`),
          }),
        )
      : undefined;
  const analysis = await analyzeNetwork(network, {
    ...{ ratios, threads: 0, seed: 1, signal: call.signal },
    ...(found && { statistics: found, data: { name: 'images', images } }),
    onProgress: (share, name) => call.report(whole + (1 - whole) * share, `decomposing ${name}`),
  });
  bench.analysis = analysis;
  bench.sensitivity = found && sensitivitiesOf(found);
  bench.costs.clear();
  return analysis;
}
