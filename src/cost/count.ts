/**
 * The operations of a graph, node by node and gathered by the layers of the network that it was made from. Shapes come
 * from inference with a batch of one; every other dimension has to be known.
 */

import { elementCount, type Graph, type Node, TritbankError, type Value } from '../ir/index.ts';
import { countOperations, type KnownFoldable, type Operations } from '../ops/index.ts';
import { type ActivationType, activationTypeOf, inferShapes } from '../passes/index.ts';
import { addCounts, noCounts } from './conventions.ts';
import { countedForm } from './counted-form.ts';
import { type Group, groupLayers, type Part } from './groups.ts';
import type { OperationCounts, UnknownOperator } from './records.ts';

/** A layer with what it does; elements are those of one inference. */
export interface CountedLayer {
  readonly group: Group;
  readonly counts: OperationCounts;
  readonly inputElements: number;
  readonly outputElements: number;
}

export interface CountedNode {
  readonly node: Node;
  /** Name of the layer that the node belongs to. */
  readonly layer?: string;
  readonly counts: OperationCounts;
}

export interface CountedGraph {
  /** As it was counted: weights unpacked, activations float, batch norms folded, shapes inferred. */
  readonly graph: Graph;
  /** As they were given. */
  readonly activations: ActivationType;
  readonly batch: number;
  readonly layers: readonly CountedLayer[];
  readonly nodes: readonly CountedNode[];
  /** Float values that belong to no layer. */
  readonly rest: number;
  readonly unknown: readonly UnknownOperator[];
}

/** Sizes for the symbolic dimensions of a graph's inputs, f. ex. `{ H: 224, W: 224 }`. */
export type Sizes = Readonly<Record<string, number>>;

/** A batch of one unless `sizes` says otherwise; E_SHAPE for a dimension that has no size, E_USAGE for one too many. */
function bindInputs(graph: Graph, sizes: Sizes): Sizes {
  const bind: Record<string, number> = {};
  for (const input of graph.inputs) {
    for (const [i, dim] of (input.type?.shape ?? []).entries()) {
      if (typeof dim !== 'string') continue;
      const size = Object.hasOwn(sizes, dim) ? sizes[dim] : i === 0 ? 1 : bind[dim];
      if (size !== undefined) bind[dim] = size;
    }
  }
  for (const input of graph.inputs) {
    if (!input.type?.shape) throw new TritbankError('E_SHAPE', `input '${input.name}'`, 'expected a shape, found none');
    const open = input.type.shape.find((dim) => typeof dim === 'string' && bind[dim] === undefined);
    if (open === undefined) continue;
    const found = `[${input.type.shape.join(', ')}] and no size for '${open}' (--dim ${open}=SIZE gives one)`;
    throw new TritbankError('E_SHAPE', `input '${input.name}'`, `expected fixed sizes, found ${found}`);
  }
  const extra = Object.keys(sizes).find((name) => !Object.hasOwn(bind, name));
  if (extra !== undefined) {
    const known = Object.keys(bind).join(', ') || 'none';
    throw new TritbankError('E_USAGE', `dimension '${extra}'`, `expected one of the model's (${known}), found another`);
  }
  return bind;
}

/** Elements of a value, 0 where its shape is not known. */
function elementsOf(value: Value | undefined): number {
  const shape = value?.type?.shape;
  return shape?.every((dim) => typeof dim === 'number') ? elementCount(shape) : 0;
}

/** A node's operations, by their cause. */
function classify(operations: Operations, part: Part | undefined): OperationCounts {
  const { macs, ternary, ternaryNonZero, biases, multiplications, additions, comparisons, functions } = operations;
  const counts = { ...noCounts, macs, ternary, ternaryNonZero, biases, comparisons, functions };
  if (part === 'scales') return { ...counts, scales: multiplications };
  if (part === 'output-scales') return { ...counts, outputScales: multiplications };
  if (part === 'biases') return { ...counts, biases: additions };
  return { ...counts, elementwiseMultiplications: multiplications, elementwiseAdditions: additions };
}

/** The operations of a node; undefined for one that the table does not have, or whose shapes are not known. */
function operationsOf(node: Node, known: KnownFoldable): Operations | undefined {
  try {
    return countOperations(node, known);
  } catch (error) {
    if (error instanceof TritbankError && error.code === 'E_SHAPE') return undefined;
    throw error;
  }
}

function describeLayer(group: Group, counts: readonly OperationCounts[]): CountedLayer {
  const nodes = [...group.nodes.keys()];
  const filters = nodes.filter((node) => group.nodes.get(node) === 'filters');
  return {
    group,
    counts: addCounts(counts),
    inputElements: elementsOf(nodes[0]?.inputs[0]),
    outputElements: filters.reduce((total, node) => total + elementsOf(node.outputs[0]), 0),
  };
}

/**
 * Counts an inference graph, which is not changed. Throws E_SHAPE for an input without a shape or with a dimension that
 * is neither fixed nor in `sizes` (a symbolic first dimension is a batch of one), and for operands that cannot fit.
 *
 * @example
 * import { countGraph } from 'tritbank/cost';
 * import { loadModel } from 'tritbank/graph';
 *
 * const { layers } = countGraph(await loadModel('mobilenet.onnx'));
 * for (const { group, counts } of layers) console.log(group.name, counts.macs, counts.ternary);
 */
export function countGraph(original: Graph, sizes: Sizes = {}): CountedGraph {
  const folded = countedForm(original);
  const graph = folded === original ? original.clone() : folded;
  inferShapes(graph, { bind: bindInputs(graph, sizes) });
  const { groups, rest } = groupLayers(graph);
  const places = new Map(groups.flatMap((group) => [...group.nodes].map(([node, part]) => [node, { group, part }])));
  const nodes: CountedNode[] = [];
  const byGroup = new Map<Group, OperationCounts[]>(groups.map((group) => [group, []]));
  const unknown = new Map<string, UnknownOperator>();
  const foldable: KnownFoldable = new Map();
  for (const node of graph.nodes) {
    const place = places.get(node);
    const operations = operationsOf(node, foldable);
    const counts = operations ? classify(operations, place?.part) : noCounts;
    if (!operations) addUnknown(unknown, node);
    if (place) byGroup.get(place.group)!.push(counts);
    nodes.push({ node, counts, ...(place && { layer: place.group.name }) });
  }
  return {
    graph,
    activations: activationTypeOf(original),
    batch: (graph.inputs[0]?.type?.shape?.[0] as number | undefined) ?? 1,
    layers: groups.map((group) => describeLayer(group, byGroup.get(group)!)),
    nodes,
    rest,
    unknown: [...unknown.values()],
  };
}

function addUnknown(unknown: Map<string, UnknownOperator>, node: Node): void {
  const op = node.domain ? `${node.domain}.${node.op}` : node.op;
  const before = unknown.get(op) ?? { op, nodes: 0, elements: 0 };
  const elements = node.outputs.reduce((total, output) => total + elementsOf(output), before.elements);
  unknown.set(op, { op, nodes: before.nodes + 1, elements });
}

/**
 * The same for what needs all costs: E_UNSUPPORTED, at `where`, for an operator whose cost is not known. Throws what
 * `countGraph` throws.
 *
 * @example
 * import { countKnown } from 'tritbank/cost';
 * import { loadModel } from 'tritbank/graph';
 *
 * const { layers, rest } = countKnown(await loadModel('mobilenet.onnx'), 'mobilenet.onnx', { N: 1 });
 */
export function countKnown(graph: Graph, where: string, sizes?: Sizes): CountedGraph {
  const counted = countGraph(graph, sizes);
  const unknown = counted.unknown[0];
  if (!unknown) return counted;
  const found = `${unknown.nodes} of the unknown operator ${unknown.op}`;
  throw new TritbankError('E_UNSUPPORTED', where, `expected operators whose cost is known, found ${found}`);
}
