/** The class scores of a classifier that may end in a softmax. */

import type { Graph, Value } from '../ir/index.ts';

/** The first output, or what a final Softmax reads: losses and temperatures act on scores, not on probabilities. */
export function scoresOf(graph: Graph): Value {
  const output = graph.outputs[0]!;
  return output.producer?.op === 'Softmax' ? output.producer.input(0) : output;
}
