/** A classifier's outputs: one row of class scores per image, and the logits behind them. */

import { type Graph, TritbankError, type Value } from '../ir/index.ts';
import { classesIn, readScores, type ScoreKind } from '../onnx/score-kind.ts';
import { Builder } from '../ops/index.ts';

export type { ScoreKind };

/** Class count of a classifier's scores; E_MODEL for anything but one row of scores per image. */
export function classCountOf(graph: Graph): number {
  const shape = graph.outputs[0]?.type?.shape;
  const classes = classesIn(shape);
  if (classes !== undefined) return classes;
  const found = shape ? `[${shape.join(', ')}]` : 'an unknown shape';
  throw new TritbankError('E_MODEL', `graph '${graph.name}'`, `expected scores [N, classes], found ${found}`);
}

/** What the scores of the first output are. */
export const scoreKindOf = (graph: Graph): ScoreKind => readScores(graph).kind;

/** Probabilities of less are taken for this where a logarithm needs them. */
const least = 1e-30;

/**
 * The value of logits, on which losses and temperatures act: the first output, or what a final Softmax or Sigmoid reads.
 * Where that cannot take the output's place (classes are chosen behind it, or the metadata alone tell what the scores
 * are), nodes are added that compute ln p, or ln p - ln(1 - p) of independent scores.
 */
export function logitsOf(graph: Graph): Value {
  const output = graph.outputs[0]!;
  const { kind, activation, isLast } = readScores(graph);
  if (kind === 'logits') return output;
  if (isLast && (activation?.op === 'Softmax' || activation?.op === 'Sigmoid')) return activation.input(0);
  const b = new Builder(graph, 'logits/');
  const log = (x: Value) => b.log(b.max(x, least));
  return kind === 'probabilities' ? log(output) : b.sub(log(output), log(b.sub(1, output)));
}
