/** Where each channel of a tensor lies: rows of the layers in front are written where readers want them. */

import type { ConvolutionLayer, IntegerNetwork, IntegerTensor } from '../integer/index.ts';
import { TritbankError } from '../ir/index.ts';
import type { ArrayParameters } from './array.ts';
import { balanceColumns } from './balance.ts';

/** The slot of each channel, by the tensors' ids. */
export type Slots = readonly Int32Array[];

const identity = (count: number) => Int32Array.from({ length: count }, (_, i) => i);

/**
 * A layer that only puts channels in another order costs nothing: its input lies in the memory of its output, each
 * channel in the slot of the one that it becomes. Channels that a ternary layer reads are dealt to the banks of its tile
 * so that lists are equally long.
 */
export function assignSlots(
  network: IntegerNetwork,
  array: ArrayParameters,
  hidden: ReadonlyMap<IntegerTensor, ConvolutionLayer>,
): { slots: Slots; rootOf: (tensor: IntegerTensor) => IntegerTensor } {
  const roots = new Map<IntegerTensor, { root: IntegerTensor; indices: Int32Array }>();
  for (const layer of network.layers) {
    if (layer.kind !== 'channels' || layer.y.tensor.type !== 'int8') continue;
    const [x, y] = [layer.x.tensor, layer.y.tensor];
    const isPermutation = new Set(layer.indices).size === x.channels && layer.indices.length === x.channels;
    if (!isPermutation || layer.y.channels !== y.channels || roots.has(x)) {
      const found = `${layer.indices.length} of ${x.channels} channels`;
      throw new TritbankError('E_UNSUPPORTED', layer.name, `expected all channels in another order, found ${found}`);
    }
    roots.set(x, { root: y, indices: layer.indices });
  }
  const rootOf = (tensor: IntegerTensor): IntegerTensor => {
    const alias = roots.get(tensor);
    return alias ? rootOf(alias.root) : tensor;
  };
  const own = new Map<IntegerTensor, Int32Array>();
  const slotsOf = (tensor: IntegerTensor): Int32Array => {
    const known = own.get(tensor);
    if (known) return known;
    const alias = roots.get(tensor);
    const slots = alias ? aliasSlots(slotsOf(alias.root), alias.indices) : freeSlots(tensor, network, array, hidden);
    own.set(tensor, slots);
    return slots;
  };
  return { slots: network.tensors.map(slotsOf), rootOf };
}

/** Channel indices[i] of x is channel i of y. */
function aliasSlots(slots: Int32Array, indices: Int32Array): Int32Array {
  const result = new Int32Array(slots.length);
  for (const [i, channel] of indices.entries()) result[channel] = slots[i]!;
  return result;
}

function freeSlots(
  tensor: IntegerTensor,
  network: IntegerNetwork,
  array: ArrayParameters,
  hidden: ReadonlyMap<IntegerTensor, ConvolutionLayer>,
): Int32Array {
  const sets = array.inputs / array.copies;
  const isOperand = network.layers.some(
    (l) => l.kind === 'addition' && (l.a.tensor === tensor || l.b.tensor === tensor),
  );
  const isOrdered = network.layers.some((l) => l.kind === 'channels' && l.x.tensor === tensor);
  if (array.adders === 0 || array.ternary !== 'lists' || sets === 1 || isOperand || isOrdered)
    return identity(tensor.channels);
  const reader =
    hidden.get(tensor) ??
    network.layers.find(
      (l): l is ConvolutionLayer => l.kind === 'convolution' && l.weights.kind === 'ternary' && l.x.tensor === tensor,
    );
  if (reader?.groups !== 1 || reader.columns !== tensor.channels) return identity(tensor.channels);
  return balanceColumns(reader.weights.values, reader.rows, reader.columns, sets);
}
