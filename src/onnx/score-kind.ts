/**
 * What a classifier's scores are. The one place that decides it, for evaluation, training, compression and the runtime:
 *
 * 1. `scores` in the metadata, where it is there: `logits`, `probabilities` or `independent`.
 * 2. Else the operator that the first output comes from, behind all that hands its numbers on (other dimensions, other
 *    element types, Dropout, a choice of classes, bounds): a Softmax over the classes gives probabilities, so does the
 *    quotient exp(x) / sum exp(x) that older exporters wrote; a Sigmoid, or a Softmax over something else, gives
 *    independent scores.
 * 3. Else logits. Those of a LogSoftmax are: the Softmax of logarithms of probabilities are the probabilities.
 */

import { type Graph, type Node, type Shape, TritbankError, type Value } from '../ir/index.ts';
import { traitsOf } from '../ops/traits.ts';
import { metadataKeys } from './metadata.ts';

export const scoreKinds = ['logits', 'probabilities', 'independent'] as const;

/** `independent`: each score is a probability, 0..1, of its own class; they need not sum up to 1. */
export type ScoreKind = (typeof scoreKinds)[number];

export interface Scores {
  readonly kind: ScoreKind;
  /** What turned logits into the scores, where the graph shows it. */
  readonly activation: Node | undefined;
  /** Whether only dimensions and element types change behind it, so that the logits can take its place. */
  readonly isLast: boolean;
}

/** The number of classes in scores of this shape, `[N, classes]`, perhaps with dimensions of 1; undefined for others. */
export function classesIn(shape: Shape | undefined): number | undefined {
  const sizes = shape?.slice(1).filter((d) => d !== 1) ?? [];
  return sizes.length === 1 && typeof sizes[0] === 'number' ? sizes[0] : undefined;
}

/** Finds out what the first output is. E_MODEL for a metadata entry that cannot be understood. */
export function readScores(graph: Graph): Scores {
  const stated = statedKind(graph.metadata);
  const { node, isLast } = lastOperator(graph.outputs[0]);
  const shown = node && kindOf(node);
  return {
    kind: stated ?? shown ?? 'logits',
    activation: shown && (stated ?? shown) === shown ? node : undefined,
    isLast,
  };
}

function statedKind(metadata: ReadonlyMap<string, string>): ScoreKind | undefined {
  const text = metadata.get(metadataKeys.scores);
  if (text === undefined) return undefined;
  const kind = scoreKinds.find((known) => known === text.trim());
  if (kind) return kind;
  const expected = `expected one of ${scoreKinds.join(', ')}`;
  throw new TritbankError('E_MODEL', `metadata ${metadataKeys.scores}`, `${expected}, found '${text.slice(0, 60)}'`);
}

/** The operator that computed the numbers of a value, before they were handed on. */
function lastOperator(output: Value | undefined): { node: Node | undefined; isLast: boolean } {
  let node = output?.producer;
  let isLast = true;
  while (node && handsOn(node)) {
    const { keepsOrder, converts } = traitsOf(node);
    if (!keepsOrder && (!converts || node.op !== 'Cast') && node.op !== 'Dropout') isLast = false;
    node = node.inputs[0]?.producer;
  }
  return { node, isLast };
}

function handsOn(node: Node): boolean {
  const { moves, converts } = traitsOf(node);
  return (
    moves === 'first' || converts === true || (node.domain === '' && (node.op === 'Dropout' || node.op === 'Clip'))
  );
}

function kindOf(node: Node): ScoreKind | undefined {
  if (node.domain !== '') return undefined;
  switch (node.op) {
    case 'Softmax':
      return isOverClasses(node.inputs[0]?.type?.shape, node.int('axis', -1)) ? 'probabilities' : 'independent';
    case 'Div':
      return isQuotient(node) ? 'probabilities' : undefined;
    case 'Exp':
      return node.inputs[0]?.producer?.op === 'LogSoftmax' ? 'probabilities' : undefined;
    case 'Sigmoid':
    case 'HardSigmoid':
      return 'independent';
    default:
      return undefined;
  }
}

/** Not where an image has several rows that sum up to 1, such as ten of two classes each. */
function isOverClasses(shape: Shape | undefined, axis: number): boolean {
  if (!shape) return true;
  const along = axis < 0 ? axis + shape.length : axis;
  return shape.every((d, i) => i === 0 || i === along || d === 1);
}

/** exp(x) / sum exp(x). */
function isQuotient(node: Node): boolean {
  const [power, sum] = node.inputs;
  return power?.producer?.op === 'Exp' && sum?.producer?.op === 'ReduceSum' && sum.producer.inputs[0] === power;
}
