/**
 * The filter banks of a deployed network, by their structure alone: names decide nothing.
 *
 *   strassenified layer   T(Wb) [-> Mul(a), Add] -> T(Wc) [-> Mul(s), Add]      T: convolution or Gemm by ternary weights
 *   hybrid filter bank    Concat of T(W)(x), by any weights, and of the above, of the same x and window, in either order
 *
 * where products and sums have a value per channel, Wc is 1x1 and unpadded, and nothing else reads what is between Wb
 * and Wc. A ternary layer on its own, T -> Mul(s), is no bank but a layer like any other.
 *
 * Two ternary weight layers in a row, as where one bottleneck of a MobileNet-V2 ends and the next begins, compute what a
 * strassenified layer with the bottleneck's channels as hidden units computes. They are taken for two layers if
 * 1. the network has ternary weight layers elsewhere, and
 * 2. there are less channels between them than in front of them, and at most half as many as behind them.
 * Left out: networks before deployment, whose weights are not ternary yet.
 */

import { elementCount, type Graph, isTernary, type Node, type Value } from '../ir/index.ts';
import { constantOf, soleReader } from '../passes/channels.ts';
import { Linear } from '../passes/index.ts';
import { findLayers, type Layer, type LayerKind } from './layers.ts';

export interface Bank {
  /** The words that the names of its parts begin with: `conv_1` of `conv_1_hidden` and `conv_1_ternary`; else one part's name. */
  readonly name: string;
  /** Of the layer that the bank stands for. */
  readonly kind: LayerKind;
  /** The filters with weights of full precision; absent where the whole layer is strassenified. */
  readonly fullPrecision?: Layer;
  /** The hidden units: products with Wb. */
  readonly hidden: Layer;
  /** The ternary filters: products with Wc. */
  readonly ternary: Layer;
  /** The product of the hidden units with `a`. */
  readonly scales?: Node;
  /** The product of the ternary filters with scales that stay behind them. */
  readonly outputScales?: Node;
  /** Sums with a bias per channel that are no part of a convolution or Gemm. */
  readonly biases: readonly Node[];
  /** What puts the filters together; absent where the whole layer is strassenified. */
  readonly concat?: Node;
}

/** What follows a layer channel by channel: at most one product and one sum, in any order. */
interface Tail {
  readonly end: Value;
  readonly product?: Node;
  readonly sum?: Node;
}

/** A strassenified part, and what it may be a part of. */
interface Pair {
  readonly hidden: Layer;
  readonly ternary: Layer;
  readonly between: Tail;
  readonly behind: Tail;
  readonly join?: { readonly concat: Node; readonly fullPrecision: Layer };
}

/**
 * All banks in the order in which their hidden units are computed. `graph` is not changed; packed weights are found
 * after `unpackNetwork`.
 *
 * @example
 * import { findBanks, loadModel, unpackNetwork } from 'tritbank/graph';
 *
 * const graph = await loadModel('small.onnx');
 * unpackNetwork(graph);
 * for (const { name, hidden, ternary } of findBanks(graph)) console.log(name, hidden.filters, ternary.filters);
 */
export function findBanks(graph: Graph): Bank[] {
  const layers = findLayers(graph);
  const byNode = new Map(layers.map((layer) => [layer.node, layer]));
  const all = findPairs(layers, byNode);
  const pairs = hasOtherTernary(layers, all) ? all.filter((pair) => pair.join || !isBottleneck(pair)) : all;
  const parts = new Set(pairs.flatMap(partsOf));
  const taken = new Set(layers.filter((layer) => !parts.has(layer)).map((layer) => layer.name));
  const stems = pairs.map((pair) => stemOf(partsOf(pair).map((layer) => layer.name)));
  return pairs.map((pair, i): Bank => {
    const stem = stems[i]!;
    const isFree = stem !== '' && !taken.has(stem) && stems.indexOf(stem) === stems.lastIndexOf(stem);
    return describe(pair, isFree ? stem : (pair.join?.fullPrecision ?? pair.ternary).name);
  });
}

function describe({ hidden, ternary, between, behind, join }: Pair, name: string): Bank {
  return {
    name,
    kind: ternary.kind === 'classifier' ? 'classifier' : hidden.kind,
    ...(join && { fullPrecision: join.fullPrecision, concat: join.concat }),
    hidden,
    ternary,
    ...(between.product && { scales: between.product }),
    ...(behind.product && { outputScales: behind.product }),
    biases: [between.sum, behind.sum].filter((node) => node !== undefined),
  };
}

const partsOf = ({ hidden, ternary, join }: Pair): Layer[] =>
  join ? [join.fullPrecision, hidden, ternary] : [hidden, ternary];

const isUngrouped = ({ node }: Layer) => node.op === 'Gemm' || node.int('group', 1) === 1;

/** A layer that can be a part of a bank's ternary filters. */
const isTernaryLayer = (layer: Layer) =>
  isTernary(layer.weight.constant!) && isUngrouped(layer) && Linear.of(layer.node) !== undefined;

/** From the inputs on: the layer that reads hidden units is not another one's hidden units. */
function findPairs(layers: readonly Layer[], byNode: ReadonlyMap<Node, Layer>): Pair[] {
  const pairs: Pair[] = [];
  const used = new Set<Layer>();
  for (const hidden of layers) {
    if (used.has(hidden) || !isTernaryLayer(hidden)) continue;
    const between = tailOf(hidden);
    const reader = soleReader(between.end);
    const ternary = reader && byNode.get(reader);
    if (!ternary || !combines(ternary, hidden, between.end)) continue;
    used.add(ternary);
    const behind = tailOf(ternary);
    const join = joinOf(hidden, behind.end, byNode);
    pairs.push({ hidden, ternary, between, behind, ...(join && { join }) });
  }
  return pairs;
}

/** True for a product of each pixel's hidden units alone with ternary weights. */
function combines(ternary: Layer, hidden: Layer, units: Value): boolean {
  const { node, inputs, kernel } = ternary;
  const isSame = node.op === hidden.node.op && node.inputs[0] === units && inputs === hidden.filters;
  if (!isSame || !isTernaryLayer(ternary)) return false;
  return elementCount(kernel) === 1 && Linear.of(node)!.isUnpadded && node.ints('strides', []).every((s) => s === 1);
}

function tailOf({ node, filters }: Layer): Tail {
  let tail: Tail = { end: node.output() };
  for (;;) {
    const next = soleReader(tail.end);
    const role = next?.op === 'Mul' ? 'product' : next?.op === 'Add' ? 'sum' : undefined;
    if (!next || !role || next.domain !== '' || tail[role] || !isPerFilter(next, node, filters)) return tail;
    tail = { ...tail, [role]: next, end: next.output() };
  }
}

/** True where the other operand of a product or sum behind `layer` has one value, or one per filter. */
function isPerFilter({ inputs }: Node, layer: Node, filters: number): boolean {
  const rank = layer.op === 'Gemm' ? 2 : 4;
  const dims = inputs.map(constantOf).find((tensor) => tensor?.dtype === 'float32')?.dims;
  if (inputs.length !== 2 || !dims || dims.length > rank) return false;
  return dims.every((d, i) => d === 1 || (d === filters && i + rank - dims.length === 1));
}

/** The concatenation of these ternary filters with full-precision ones of the same input and window. */
function joinOf(hidden: Layer, filters: Value, byNode: ReadonlyMap<Node, Layer>): Pair['join'] {
  const concat = soleReader(filters);
  if (concat?.op !== 'Concat' || concat.domain !== '' || concat.inputs.length !== 2) return undefined;
  const axis = concat.int('axis');
  const other = concat.inputs.find((value) => value !== filters);
  const fullPrecision = other?.producer && byNode.get(other.producer);
  const rank = hidden.node.op === 'Gemm' ? 2 : 4;
  if (!fullPrecision || (axis !== 1 && axis !== 1 - rank) || soleReader(other) !== concat) return undefined;
  return hasSameWindow(fullPrecision, hidden) ? { concat, fullPrecision } : undefined;
}

function hasSameWindow(a: Layer, b: Layer): boolean {
  const window = ({ node, kernel }: Layer) =>
    JSON.stringify([
      node.op,
      kernel,
      node.string('auto_pad', 'NOTSET'),
      node.ints('pads', [0, 0, 0, 0]),
      node.ints('strides', [1, 1]),
      node.ints('dilations', [1, 1]),
    ]);
  return isUngrouped(a) && a.node.inputs[0] === b.node.inputs[0] && window(a) === window(b);
}

/** True if the network has ternary weight layers that cannot be parts of banks. Weights of zeros tell nothing. */
function hasOtherTernary(layers: readonly Layer[], pairs: readonly Pair[]): boolean {
  const parts = new Set(pairs.flatMap(partsOf));
  return layers.some(({ weight: { constant } }, i) => {
    if (parts.has(layers[i]!) || !isTernary(constant!)) return false;
    return (constant!.data as Float32Array).some((value) => value !== 0);
  });
}

function isBottleneck({ hidden, ternary }: Pair): boolean {
  const width = hidden.filters;
  return width < hidden.inputs * elementCount(hidden.kernel) && 2 * width <= ternary.filters;
}

/** The words that all names begin with: `conv_1` of `conv_1_fp` and `conv_1_hidden`; empty where there are none. */
function stemOf(names: readonly string[]): string {
  const [first = [], ...others] = names.map((name) => name.match(/[\p{L}\p{N}]+|[^\p{L}\p{N}]+/gu) ?? []);
  const differs = first.findIndex((word, i) => others.some((words) => words[i] !== word));
  const common = first.slice(0, differs < 0 ? first.length : differs).join('');
  return common.replace(/[^\p{L}\p{N}]+$/u, '');
}
