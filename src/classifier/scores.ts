/** What a classifier's outputs are: one row of class scores per image, which may be probabilities. */

import { type Graph, type Shape, TritbankError, type Value } from '../ir/index.ts';

/** Class count of a classifier's scores; E_MODEL for anything but one row of scores per image. */
export function classCountOf(graph: Graph): number {
  const shape: Shape | undefined = graph.outputs[0]?.type?.shape;
  const sizes = shape?.slice(1).filter((d) => d !== 1) ?? [];
  const classes = sizes[0];
  if (sizes.length !== 1 || typeof classes !== 'number') {
    const found = shape ? `[${shape.join(', ')}]` : 'an unknown shape';
    throw new TritbankError('E_MODEL', `graph '${graph.name}'`, `expected scores [N, classes], found ${found}`);
  }
  return classes;
}

/** Whether the scores are probabilities, those of a final Softmax, and not logits. */
export const hasProbabilities = (graph: Graph): boolean => graph.outputs[0]?.producer?.op === 'Softmax';

/** The first output, or what a final Softmax reads: losses and temperatures act on scores, not on probabilities. */
export function scoresOf(graph: Graph): Value {
  const output = graph.outputs[0]!;
  return hasProbabilities(graph) ? output.producer!.input(0) : output;
}
