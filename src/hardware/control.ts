/** A network's control: the same network, uncompressed. */

import type { IntegerNetwork } from '../integer/index.ts';
import { TritbankError } from '../ir/index.ts';

const shapeOf = ({ input, output }: IntegerNetwork): string => {
  const { channels, height, width } = input.tensor;
  const classes = output.channels * output.tensor.height * output.tensor.width;
  return `${channels} x ${height} x ${width} pixels, ${classes} classes`;
};

/** E_USAGE for a network with ternary layers, or with another input or other classes than `network`. */
export function checkControl(network: IntegerNetwork, control: IntegerNetwork): void {
  const ternary = control.layers.filter((layer) => layer.kind === 'convolution' && layer.weights.kind === 'ternary');
  const fail = (expected: string, found: string) =>
    new TritbankError('E_USAGE', 'control', `expected ${expected}, found ${found}`);
  if (ternary.length > 0) {
    throw fail('the network before it was compressed', `one with ${ternary.length} ternary layers`);
  }
  const [wanted, given] = [shapeOf(network), shapeOf(control)];
  if (wanted !== given) throw fail(`a network of ${wanted}`, `one of ${given}`);
}
