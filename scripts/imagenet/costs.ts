/** What a network takes in 8 bits on the accelerator model `paper`, of the uncompressed one in int8 there. */

import { measureCost, paperConventions } from '../../src/cost/index.ts';
import { loadModel } from '../../src/onnx/index.ts';
import { normalizeNetwork } from '../../src/passes/index.ts';
import type { CountedIn8Bits } from './stored.ts';

/** Ternary weights added all, and those only that are not 0; of the networks in two files. */
export async function costIn8Bits(network: string, original: string): Promise<CountedIn8Bits> {
  const [hybrid, whole] = await Promise.all(
    [network, original].map(async (path) => normalizeNetwork(await loadModel(path))),
  );
  const control = measureCost(whole!, { format: 'int8', scheme: 'int8' });
  const share = (ternary: 'dense' | 'zero-skipping') => {
    const conventions = { ...paperConventions, ternary };
    const cost = measureCost(hybrid!, { format: 'int8', scheme: 'hybrid-int8', conventions });
    return { energy: cost.energy / control.energy, throughput: control.areaTime / cost.areaTime };
  };
  return { dense: share('dense'), zeroSkipping: share('zero-skipping') };
}
