/**
 * From a network of integers to programs and memories of an array.
 *
 * Layers become tasks of one engine or the other. Tasks that read nothing of each other form a step: the full-precision
 * and the ternary part of a bank are computed at the same time. Several images run at once, each in an activation memory
 * of its own, so that one's steps fill what the other's leave idle.
 */

import {
  type ConvolutionLayer,
  type IntegerLayer,
  type IntegerNetwork,
  type IntegerTensor,
  isDepthwise,
  isPointwise,
  readsOf,
} from '../integer/index.ts';
import { TritbankError } from '../ir/index.ts';
import { type Buffer, placeBuffers } from '../runtime/plan/arena.ts';
import { type ArrayParameters, addressBits, checkArray, rowBits } from './array.ts';
import type { CompiledNetwork } from './compiled.ts';
import { choosePixelOrders, type PixelOrders } from './pixel-orders.ts';
import { type MemoryLayout, schedule } from './schedule.ts';
import { settleRows } from './settle-rows.ts';
import { assignSlots } from './slots.ts';
import { TaskBuilder, unsupported } from './task-builder.ts';

const isTernary = (layer: IntegerLayer): layer is ConvolutionLayer =>
  layer.kind === 'convolution' && layer.weights.kind === 'ternary';

/** Tensors that stay in the adders' tile: written whole by one ternary layer, read by one ternary pointwise layer. */
function hiddenTensors(network: IntegerNetwork, array: ArrayParameters): Map<IntegerTensor, ConvolutionLayer> {
  const hidden = new Map<IntegerTensor, ConvolutionLayer>();
  if (array.adders === 0) return hidden;
  for (const layer of network.layers) {
    if (!isTernary(layer) || layer.groups !== 1 || layer.output.type !== 'int8') continue;
    const { tensor } = layer.y;
    if (layer.y.channels !== tensor.channels || tensor === network.output.tensor) continue;
    const readers = network.layers.filter((other) => readsOf(other).some((part) => part.tensor === tensor));
    const [reader] = readers;
    if (readers.length === 1 && reader && isTernary(reader) && reader.groups === 1 && isPointwise(reader)) {
      hidden.set(tensor, reader);
    }
  }
  return hidden;
}

/**
 * Steps of all layers: a layer begins a new one where it reads what the one before writes. Hidden tensors are inside of
 * a step; channels and scores of the host have none.
 */
function stepsOf(network: IntegerNetwork, hidden: ReadonlyMap<IntegerTensor, ConvolutionLayer>): number[] {
  let step = 0;
  let written = new Set<IntegerTensor>();
  return network.layers.map((layer) => {
    if (layer.kind === 'softmax' || (layer.kind === 'channels' && layer.y.tensor.type === 'float32')) return -1;
    if (readsOf(layer).some(({ tensor }) => written.has(tensor) && !hidden.has(tensor))) {
      step++;
      written = new Set();
    }
    written.add(layer.y.tensor);
    return step;
  });
}

/** Rows of the activation memory for each tensor, by the steps in which they are needed. */
function placeTensors(
  network: IntegerNetwork,
  steps: readonly number[],
  isStored: (tensor: IntegerTensor) => boolean,
  rootOf: (tensor: IntegerTensor) => IntegerTensor,
  orders: PixelOrders,
): { rows: Map<number, number>; total: number } {
  const lives = new Map<IntegerTensor, { bytes: number; first: number; last: number }>();
  const use = (own: IntegerTensor, step: number) => {
    const tensor = rootOf(own);
    if (!isStored(tensor) || step < -1) return;
    const known = lives.get(tensor);
    const bytes = tensor.channels * Math.ceil(orders[tensor.id]!.groups / 2);
    if (known) [known.first, known.last] = [Math.min(known.first, step), Math.max(known.last, step)];
    else lives.set(tensor, { bytes, first: step, last: step });
  };
  for (const [i, layer] of network.layers.entries()) {
    if (steps[i]! < 0) continue;
    for (const { tensor } of readsOf(layer)) use(tensor, steps[i]!);
    use(layer.y.tensor, steps[i]!);
    // both matrices of a strassenified layer run in the first one's step
    const before =
      layer.kind === 'convolution' ? network.layers.findIndex(({ y }) => y.tensor === readsOf(layer)[0]!.tensor) : -1;
    if (before >= 0 && !isStored(readsOf(layer)[0]!.tensor)) use(layer.y.tensor, steps[before]!);
  }
  const buffers = new Map<IntegerTensor, Buffer>([...lives].map(([tensor, life]) => [tensor, life]));
  const arena = placeBuffers(buffers.values());
  const rows = new Map<number, number>();
  for (const tensor of network.tensors) {
    const buffer = buffers.get(rootOf(tensor));
    if (buffer) rows.set(tensor.id, arena.addresses.get(buffer)!);
  }
  return { rows, total: arena.bytes };
}

const scoresOf = ({ tensors }: IntegerNetwork) =>
  Math.max(0, ...tensors.filter(({ type }) => type === 'float32').map(({ channels }) => channels));

const bitsFor = (count: number) => Math.max(2, Math.ceil(Math.log2(count)));

/**
 * Compiles a network for `array`. E_UNSUPPORTED names a layer that the array does not have, or numbers that are too
 * large for it; E_LIMIT is for networks that do not fit its address ranges.
 */
export function compileNetwork(given: IntegerNetwork, array: ArrayParameters): CompiledNetwork {
  checkArray(array);
  const network = settleRows(given, array);
  const hidden = hiddenTensors(network, array);
  const steps = stepsOf(network, hidden);
  const orders = choosePixelOrders(network, array.lanes);
  const { slots, rootOf } = assignSlots(network, array, hidden);
  const isStored = (tensor: IntegerTensor) =>
    tensor.type === 'int8' && !hidden.has(tensor) && tensor !== network.input.tensor;
  const { rows, total } = placeTensors(network, steps, isStored, rootOf, orders);
  const { tensor: input } = network.input;
  const inputRows = input.channels * Math.ceil(orders[input.id]!.groups / 2);
  const inFlight = Math.min(array.inFlight, array.images);
  const layout: MemoryLayout = { imageRows: total, inputRows, inFlight, scoreCount: scoresOf(network) };
  rows.set(input.id, 0);
  const compiler = new TaskBuilder(network, array, orders, slots, rows);
  for (const [index, layer] of network.layers.entries()) {
    const step = steps[index]!;
    if (step >= 0) compileLayer(compiler, step, index, layer, hidden);
  }
  const activationRows = total * inFlight + inputRows * array.images;
  if (activationRows > 2 ** rowBits) {
    const bytes = (rowsOf: number) => `${Math.ceil((rowsOf * 2 * array.lanes) / 1024)} KiB`;
    const expected = `expected activations of at most ${bytes(2 ** rowBits)} for ${array.images} images`;
    throw new TritbankError('E_LIMIT', 'activation memory', `${expected}, found ${bytes(activationRows)}`);
  }
  const longest = Math.max(
    compiler.table.length,
    compiler.macWeights.length / array.macs,
    compiler.adderWeights.length,
  );
  if (longest > 2 ** addressBits) {
    throw new TritbankError('E_LIMIT', 'weights', `expected at most ${2 ** addressBits} words, found ${longest}`);
  }
  const { mac, adder } = schedule(compiler.tasks, array.images, layout);
  return {
    network,
    array,
    tasks: compiler.tasks,
    mac,
    adder,
    table: compiler.table,
    macWeights: Int8Array.from(compiler.macWeights),
    adderWeights: compiler.adderWeights,
    macParameters: compiler.macParameters,
    adderParameters: compiler.adderParameters,
    orders,
    slots,
    rows,
    ...layout,
    activationRows,
    macTileBits: bitsFor(compiler.macTileWords),
    tileBits: Math.max(bitsFor(compiler.tileRows), array.gapBits + 1),
    hasAdditions: compiler.hasAdditions,
  };
}

function compileLayer(
  compiler: TaskBuilder,
  step: number,
  index: number,
  layer: IntegerLayer,
  hidden: ReadonlyMap<IntegerTensor, ConvolutionLayer>,
): void {
  switch (layer.kind) {
    case 'convolution': {
      if (isDepthwise(layer)) compiler.depthwise(step, index, layer);
      else if (layer.groups !== 1)
        throw unsupported(layer.name, 'one group, or as many as channels', String(layer.groups));
      else if (!isTernary(layer) || compiler.array.adders === 0) compiler.filters(step, index, layer);
      else if (!hidden.has(layer.x.tensor)) compiler.ternary(step, index, layer, hidden.get(layer.y.tensor));
      return;
    }
    case 'pool':
      compiler.average(step, index, layer);
      return;
    case 'addition':
      compiler.addition(step, index, layer);
      return;
    case 'move':
      compiler.move(step, index, layer);
      return;
    case 'pad':
      compiler.pad(step, index, layer);
      return;
    case 'table':
      compiler.scaling(step, index, layer);
      return;
    case 'channels':
      return;
    default:
      throw unsupported(layer.name, 'a layer of integers', layer.kind);
  }
}
