/** Which order each tensor's pixels have: the one in which the windows that read them need the fewest reads. */

import {
  type IntegerNetwork,
  type IntegerTensor,
  isPointwise,
  type MoveLayer,
  type TensorPart,
  type Window,
} from '../integer/index.ts';
import { accessTable, type PixelOrder, pixelOrder } from './order.ts';

/** By the tensors' ids. */
export type PixelOrders = readonly (PixelOrder & { readonly scale: number })[];

/** What the orders have to serve. */
interface WindowLayer {
  readonly window: Window;
  readonly x: TensorPart;
  readonly y: TensorPart;
}

const mostScale = 4;

const strideOf = ({ strides: [, row, column], x }: MoveLayer): Window => ({
  ...{ kernel: [1, 1], strides: [Math.max(1, Math.floor(row / x.tensor.width)), column] },
  ...{ dilations: [1, 1], pads: [0, 0, 0, 0] },
});

/** Tensors of one size that layers link keep one order. */
export function choosePixelOrders(network: IntegerNetwork, lanes: number): PixelOrders {
  const parents = new Map<IntegerTensor, IntegerTensor>();
  const rootOf = (tensor: IntegerTensor): IntegerTensor => {
    const parent = parents.get(tensor);
    return parent ? rootOf(parent) : tensor;
  };
  const join = (a: IntegerTensor, b: IntegerTensor) => {
    const [x, y] = [rootOf(a), rootOf(b)];
    if (x !== y) parents.set(y, x);
  };
  const windows: WindowLayer[] = [];
  for (const layer of network.layers) {
    const y = layer.y.tensor;
    if (layer.kind === 'addition') {
      join(layer.a.tensor, y);
      join(layer.b.tensor, y);
      continue;
    }
    const x = layer.x.tensor;
    const isOneSize = x.height === y.height && x.width === y.width;
    if (isOneSize) join(x, y);
    if ((layer.kind === 'convolution' && !isPointwise(layer)) || layer.kind === 'pool') windows.push(layer);
    if (layer.kind === 'move') windows.push({ window: strideOf(layer), x: layer.x, y: layer.y });
  }
  const scales = new Map<IntegerTensor, number>();
  const made = new Map<string, PixelOrder>();
  const orderOf = (tensor: IntegerTensor, scale: number): PixelOrder => {
    const key = `${tensor.height} ${tensor.width} ${scale}`;
    const known = made.get(key) ?? pixelOrder(tensor, lanes, scale);
    made.set(key, known);
    return known;
  };
  // from the last layers to the first: what comes behind is known
  for (const tensor of [...network.tensors].reverse()) {
    const root = rootOf(tensor);
    if (scales.has(root)) continue;
    const readers = windows.filter(({ x }) => rootOf(x.tensor) === root);
    scales.set(root, cheapest(readers, root));
  }
  function cheapest(readers: readonly WindowLayer[], root: IntegerTensor): number {
    let [best, least] = [0, Infinity];
    for (let scale = 0; scale <= mostScale && 2 ** scale <= Math.min(root.height, root.width); scale++) {
      let reads = 0;
      for (const { window, x, y } of readers) {
        const target = rootOf(y.tensor);
        const to = orderOf(y.tensor, target === root ? scale : (scales.get(target) ?? 0));
        const table = accessTable(window, x.tensor, y.tensor, orderOf(x.tensor, scale), to, lanes);
        reads += table.reads * to.groups * x.channels;
      }
      if (reads < least) [best, least] = [scale, reads];
    }
    return best;
  }
  return network.tensors.map((tensor) => {
    const scale = scales.get(rootOf(tensor))!;
    return { ...orderOf(tensor, scale), scale };
  });
}
