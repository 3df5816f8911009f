/**
 * Leaves out of a graph what a reader does not need: attributes that say what is the default anyway, types between nodes
 * (they follow from those of the inputs), names of unpacking nodes, documentation, the upper halves of indices.
 */

import { type Attribute, type Graph, type Node, toNumbers } from '../../ir/index.ts';

const isAll = (attribute: Attribute, value: number) =>
  attribute.kind === 'ints' ? attribute.value.every((v) => v === value) : attribute.value === value;

/** Attributes of a convolution that may be absent when all their numbers are this one. */
const convDefaults: Readonly<Record<string, number>> = { dilations: 1, group: 1, pads: 0, strides: 1 };
const gemmDefaults: Readonly<Record<string, number>> = { alpha: 1, beta: 1, transA: 0, transB: 0 };
const defaults: Readonly<Record<string, Readonly<Record<string, number>>>> = { Conv: convDefaults, Gemm: gemmDefaults };

/** Slims in place; `unnamed` are the nodes whose names say nothing. */
export function slim(graph: Graph, unnamed: ReadonlySet<Node>): void {
  graph.doc = '';
  narrowIndices(graph);
  const kept = new Set([...graph.inputs, ...graph.outputs]);
  for (const value of graph.values) if (value.producer && !kept.has(value)) value.type = undefined;
  for (const node of graph.nodes) {
    const known = node.domain === '' ? defaults[node.op] : undefined;
    const entries = Object.entries(node.attributes);
    if (known) {
      // a kernel's size is that of the weights
      const isNeeded = (name: string, a: Attribute) =>
        name !== 'kernel_shape' && !(name in known && isAll(a, known[name]!));
      node.attributes = Object.fromEntries(entries.filter(([name, a]) => isNeeded(name, a)));
    }
    if (unnamed.has(node)) node.name = '';
  }
}

/** Gather, the order of the classes of a classifier that is a filter bank, takes int32 as well. */
function narrowIndices(graph: Graph): void {
  for (const node of graph.nodes) {
    const indices = node.op === 'Gather' && node.domain === '' ? node.inputs[1] : undefined;
    if (indices?.constant?.dtype !== 'int64' || indices.uses.size > 1 || node.inputs[0] === indices) continue;
    const { dims } = indices.constant;
    const numbers = toNumbers(indices.constant);
    if (numbers.some((n) => Math.abs(n) >= 2 ** 31) || graph.outputs.includes(indices)) continue;
    const { name } = indices;
    graph.rename(indices, graph.freshName(`${name}_wide`));
    node.setInput(1, graph.initializer(name, { dtype: 'int32', dims, data: Int32Array.from(numbers) }));
    graph.removeValue(indices);
  }
}
