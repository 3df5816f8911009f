/**
 * The verifier: what must hold of every graph between passes.
 * 1. A node reads inputs, initializers and outputs of earlier nodes only (so the order is executable, and acyclic).
 * 2. Every value that is read or returned exists under its name in this graph.
 * 3. Uses and producers agree in both directions.
 * 4. A constant's data has as many elements as its dimensions say.
 */

import { TritbankError } from './errors.ts';
import type { Graph, Value } from './graph.ts';
import { elementCount } from './tensor.ts';

/**
 * Throws E_GRAPH at the first violation; returns the graph so that calls can be chained.
 *
 * @example
 * import { loadModel, verify } from 'tritbank/graph';
 *
 * const graph = await loadModel('mobilenet.onnx');
 * graph.nodes[0]!.name = 'first';
 * const { nodes } = verify(graph);
 */
export function verify(graph: Graph): Graph {
  const defined = new Set<Value>(graph.inputs);
  for (const value of graph.initializers) {
    const { dims, data } = value.constant!;
    if (data.length !== elementCount(dims)) {
      const expected = `expected ${elementCount(dims)} elements for [${dims.join(', ')}]`;
      throw new TritbankError('E_GRAPH', `initializer '${value.name}'`, `${expected}, found ${data.length}`);
    }
    defined.add(value);
  }
  for (const node of graph.nodes) {
    for (const input of node.inputs) {
      if (!input) continue;
      if (graph.find(input.name) !== input || !defined.has(input)) {
        const message = `expected input '${input.name}' to be defined before, found it undefined here`;
        throw new TritbankError('E_GRAPH', node.label, message);
      }
      if (!input.uses.has(node)) throw new Error(`internal: ${node.label} is missing from the uses of '${input.name}'`);
    }
    for (const output of node.outputs) {
      if (!output) continue;
      if (output.producer !== node)
        throw new Error(`internal: '${output.name}' has another producer than ${node.label}`);
      defined.add(output);
    }
  }
  for (const output of graph.outputs) {
    if (!defined.has(output) || graph.find(output.name) !== output) {
      throw new TritbankError('E_GRAPH', `output '${output.name}'`, 'expected a defined value, found none');
    }
  }
  return graph;
}
