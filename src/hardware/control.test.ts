import { expect, test } from 'vitest';
import { drawnIntegerNetwork } from '../../test/integer-networks.ts';
import type { IntegerNetwork } from '../integer/index.ts';
import { checkControl } from './control.ts';

const network = drawnIntegerNetwork(4);
/** The same network without ternary weights. */
const control: IntegerNetwork = {
  ...network,
  layers: network.layers.map((layer) =>
    layer.kind === 'convolution' ? { ...layer, weights: { ...layer.weights, kind: 'int8' } } : layer,
  ),
};

test('a control is uncompressed, and for the same images and classes', () => {
  expect(() => checkControl(network, control)).not.toThrow();
  expect(() => checkControl(network, network)).toThrow(
    /^control: expected the network before it was compressed, found one with \d+ ternary layers$/,
  );
  const { tensor } = control.input;
  const wider = { ...control, input: { ...control.input, tensor: { ...tensor, width: tensor.width + 1 } } };
  expect(() => checkControl(network, wider)).toThrow(
    new RegExp(`expected a network of ${tensor.channels} x .* classes, found one of .* x ${tensor.width + 1} pixels`),
  );
  const fewer = { ...control, output: { ...control.output, channels: 1 } };
  expect(() => checkControl(network, fewer)).toThrow(/expected a network of .*, found one of .* 1 classes/);
});
