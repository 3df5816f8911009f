/**
 * Reorders the filters of a layer and keeps what the network computes. A hybrid filter bank keeps its first filters in
 * full precision; which of them those should be is known only after they have been measured.
 * 1. The rows of the weights and the bias change places.
 * 2. The new order goes on through operators that work channel by channel, whose constants change places too (batch
 *    norms, depthwise convolutions, products and sums with constants), into the input channels of convolutions, Gemms
 *    and MatMuls, and into Gathers of channels. Behind a Flatten of H x W, a channel is a block of columns.
 * 3. Two tensors may be combined when both are in the new order. A gate that is computed from the layer's own output
 *    (squeeze-and-excite: x * sigmoid(fc2(relu(fc1(pool x))))) is brought into it: the filters of its last layer move too.
 * 4. Where the original order is needed (graph outputs, residual Adds, Concat, grouped convolutions, anything unknown),
 *    one Gather on the channel axis restores it for all readers of that value. If several values needed one, the Gather
 *    goes directly behind the layer instead and nothing else changes. A Gather that a later change of places leaves with
 *    all channels in their order is removed.
 * Left out: a residual Add of two layers, both of whose filters could change places; an order that goes through a Concat.
 * Results are the same up to the order of summation over channels.
 */

import { type Graph, i64, int, type Node, TritbankError, type Value } from '../../ir/index.ts';
import { Builder } from '../../ops/index.ts';
import { bypass, channelsOf } from '../channels.ts';
import { invert, isIdentity, isOrder, type Order } from './order.ts';
import { channelIndices, reorderOutputs } from './rules.ts';
import { Walk } from './walk.ts';

export interface PermutedFilters {
  /** True when all readers took the order up; false when a Gather was inserted. */
  readonly absorbed: boolean;
  /**
   * Other layers whose filters changed places too, by name, with the order that they are in: depthwise convolutions, and
   * the last layers of squeeze-and-excite branches. What is known per filter of these has to follow.
   */
  readonly moved: ReadonlyMap<string, Order>;
}

/** Makes `readers` of `value`, and the graph's outputs, read it in the order from before `order`. */
function restoreOrder(value: Value, order: Order, readers: readonly Node[]): void {
  const { graph } = value;
  const producer = value.producer!;
  const { name } = value;
  const isOutput = graph.outputs.includes(value);
  if (isOutput) graph.rename(value, graph.freshName(`${name}_reordered`));
  const b = new Builder(graph, `${producer.name}_`, graph.nodes[graph.nodes.indexOf(producer) + 1]);
  const inputs = [value, b.constant('places', i64(invert(order)))];
  const outputs = [isOutput ? name : graph.freshName(`${producer.name}_restored`)];
  const restored = b.node('Gather', inputs, { axis: int(1) }, outputs, 'restored').output();
  for (const reader of readers) {
    for (const [slot, input] of reader.inputs.entries()) if (input === value) reader.setInput(slot, restored);
  }
  graph.outputs = graph.outputs.map((output) => (output === value ? restored : output));
}

/** Removes a Gather that picks all channels in their order. */
function removeIdentity(node: Node): void {
  const { graph } = node;
  const [x, y] = [node.input(0), node.output()];
  const indices = channelIndices(node);
  const isVector = node.input(1).constant?.dims.length === 1;
  if (!indices || !isVector || !isIdentity(indices) || indices.length !== channelsOf(x)) return;
  const isOutput = graph.outputs.includes(y);
  const { name } = y;
  bypass({ node, x });
  if (isOutput) graph.rename(x, name);
}

function unfit(node: Node, found: string): TritbankError {
  const expected = 'expected a Conv of one group or a Gemm with constant weights and bias';
  return new TritbankError('E_MODEL', node.label, `${expected}, found ${found}`);
}

/**
 * Rewrites `graph` (shapes inferred) in place, so that filter i of `node` is the one that was filter `order[i]`.
 * `node` is a Conv of one group, or a Gemm, with constant weights and bias. Names of nodes and initializers stay; a
 * constant that other nodes read too is copied before it changes. Throws E_MODEL for a node of another form, E_USAGE
 * for an order that does not have each filter once.
 *
 * @example
 * import { findLayers, loadModel, normalizeNetwork, permuteFilters } from 'tritbank/graph';
 *
 * const graph = normalizeNetwork(await loadModel('mobilenet.onnx'));
 * const { node, filters } = findLayers(graph)[0]!;
 * const reversed = Array.from({ length: filters }, (_, i) => filters - 1 - i);
 * permuteFilters(graph, node, reversed); // the last filter becomes the first one
 */
export function permuteFilters(graph: Graph, node: Node, order: readonly number[]): PermutedFilters {
  if (node.graph !== graph) throw new Error(`internal: ${node.label} is in another graph`);
  const isLayer = node.domain === '' && (node.op === 'Conv' || node.op === 'Gemm');
  const filters = isLayer ? node.output().shape[1]! : 0;
  const group = isLayer ? node.int('group', 1) : 1;
  if (!isLayer || group > 1 || typeof filters !== 'number') throw unfit(node, group > 1 ? `${group} groups` : node.op);
  if (order.length !== filters || !isOrder(order)) {
    const found = `${new Set(order).size} different numbers among ${order.length}`;
    throw new TritbankError(
      'E_USAGE',
      `order of ${node.name}`,
      `expected 0 to ${filters - 1} once each, found ${found}`,
    );
  }
  const reorder = reorderOutputs(node, order);
  if (!reorder) throw unfit(node, 'weights or a bias that are computed');
  if (isIdentity(order)) return { absorbed: true, moved: new Map() };
  const walk = new Walk(node, order);
  reorder();
  if (walk.needed.size > 1) {
    restoreOrder(node.output(), order, [...node.output().uses]);
    return { absorbed: false, moved: new Map() };
  }
  walk.apply();
  for (const [value, readers] of walk.needed) restoreOrder(value, walk.orderOf(value), readers);
  for (const gather of walk.gathers) removeIdentity(gather);
  return { absorbed: walk.needed.size === 0, moved: walk.moved };
}
