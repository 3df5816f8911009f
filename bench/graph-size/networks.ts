/** Networks of any number of nodes, small in everything else: what grows is what the size of the graph costs. */

import { f32, Graph, type Value } from '../../src/ir/index.ts';
import { canonicalOpset } from '../../src/ops/names.ts';

const dims = [1, 2, 4, 4];

function network(name: string, build: (graph: Graph, x: Value) => Value): Graph {
  const graph = new Graph(name, canonicalOpset);
  graph.outputs = [build(graph, graph.input('x', 'float32', dims))];
  return graph;
}

const add = (graph: Graph, op: string, ...inputs: readonly Value[]) => graph.add(op, inputs).output();

/** Nodes after one another: products, sums and functions by turns, so that some join and some do not. */
export const chain = (nodes: number): Graph =>
  network('chain', (graph, x) => {
    const ops = ['Sigmoid', 'Mul', 'Add', 'Tanh'];
    let value = x;
    for (let i = 0; i < nodes; i++) {
      const op = ops[i % ops.length]!;
      const other = op === 'Mul' ? [graph.initializer(`c${i}`, f32([1, 2, 1, 1], [0.5, 2]))] : op === 'Add' ? [x] : [];
      value = add(graph, op, value, ...other);
    }
    return value;
  });

/** Nodes side by side, added up two by two. */
export const wide = (nodes: number): Graph =>
  network('wide', (graph, x) => {
    let level = Array.from({ length: Math.max(1, nodes >> 1) }, () => add(graph, 'Sigmoid', x));
    while (level.length > 1) {
      const next: Value[] = [];
      for (let i = 0; i < level.length; i += 2) {
        const [a, b] = [level[i]!, level[i + 1]];
        next.push(b ? add(graph, 'Add', a, b) : a);
      }
      level = next;
    }
    return level[0]!;
  });

/** Convolutions with a function behind each. */
export const convolutions = (nodes: number): Graph =>
  network('convolutions', (graph, x) => {
    let value = x;
    for (let i = 0; i < nodes; i += 2) {
      const weight = graph.initializer(`w${i}`, f32([2, 2, 1, 1], [0.5, -1, 1, 0.25]));
      value = add(graph, 'Relu', add(graph, 'Conv', value, weight));
    }
    return value;
  });

/** One Sum of as many operands. */
export const sum = (operands: number): Graph =>
  network('sum', (graph, x) =>
    add(graph, 'Sum', ...Array.from({ length: operands }, (_, i) => (i % 2 ? x : add(graph, 'Sigmoid', x)))),
  );

/** Constants that are computed from each other. */
export const constants = (nodes: number): Graph =>
  network('constants', (graph, x) => {
    let value = graph.initializer('c', f32([1, 2, 1, 1], [1, 2]));
    for (let i = 1; i < nodes; i++) value = add(graph, i % 2 ? 'Neg' : 'Abs', value);
    return add(graph, 'Add', x, value);
  });

export const networks = { chain, wide, convolutions, sum, constants };

export type NetworkName = keyof typeof networks;
