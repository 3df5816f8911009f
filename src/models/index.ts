/** The networks by name. A new one is one file and one line here. */

import { type Graph, TritbankError } from '../ir/index.ts';
import { type Architecture, type ArchitectureOptions, checkOptions, stridesOf } from './architecture.ts';
import { dsCnn } from './ds-cnn.ts';
import { mobilenetV1 } from './mobilenet-v1.ts';
import { mobilenetV2 } from './mobilenet-v2.ts';
import { resnet20 } from './resnet-20.ts';

export type { Architecture, ArchitectureOptions } from './architecture.ts';
export { NetworkBuilder } from './network-builder.ts';

export const architectures: readonly Architecture[] = [mobilenetV1, mobilenetV2, resnet20, dsCnn];

/**
 * Builds the network called `name`, one of `architectures`, with weights drawn from the seed: an inference graph with
 * input `input` `N x channels x height x width` and output `logits` `N x classes`. Throws E_USAGE for an unknown name or
 * an option out of range.
 *
 * @example
 * import { buildNetwork, saveModel } from 'tritbank/graph';
 *
 * const shape = { width: 0.25, inputSize: 32, channels: 3, classes: 10, firstStride: 1, seed: 1 } as const;
 * await saveModel(buildNetwork('mobilenet-v1', shape), 'drawn.onnx');
 */
export function buildNetwork(name: string, options: ArchitectureOptions): Graph {
  const architecture = architectures.find((a) => a.name === name);
  if (!architecture) {
    const known = architectures.map((a) => a.name).join(', ');
    throw new TritbankError('E_USAGE', 'model', `expected one of ${known}, found '${name}'`);
  }
  checkOptions(options, architecture);
  return architecture.build(options, stridesOf(architecture, options));
}
