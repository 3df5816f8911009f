/** What a rule for the arithmetic of a node is, and the combinators that simple operators share. */

import { elementCount, type Node, type Value } from '../../ir/index.ts';

/** The operations of one node, or a sum over several, by what causes them. */
export interface Operations {
  /** Products of two values that are added up: of a full-precision weight, or a second activation, and an activation. */
  readonly macs: number;
  /** Additions and subtractions by ternary weights, those by zero included. */
  readonly ternary: number;
  /** Those whose weight is not zero. */
  readonly ternaryNonZero: number;
  /** Additions of a bias, one per output of a layer that has biases. */
  readonly biases: number;
  /** Elementwise products, and those by the 1 / n of an average. */
  readonly multiplications: number;
  /** Elementwise additions and subtractions, and those of sums and averages. */
  readonly additions: number;
  /** Comparisons and choices: ReLU, Clip, maxima; logic and rounding, too. */
  readonly comparisons: number;
  /** Divisions, roots, exponentials, logarithms, and what has no formula of these (Erf, general powers). */
  readonly functions: number;
}

/** Counts what one node does, from the fixed shapes of its inputs and outputs; E_SHAPE where they are not fixed. */
export type OperationsRule = (node: Node) => Operations;

function combine(count: (kind: keyof Operations) => number): Operations {
  return {
    macs: count('macs'),
    ternary: count('ternary'),
    ternaryNonZero: count('ternaryNonZero'),
    biases: count('biases'),
    multiplications: count('multiplications'),
    additions: count('additions'),
    comparisons: count('comparisons'),
    functions: count('functions'),
  };
}

export const noOperations: Operations = combine(() => 0);

export function addOperations(a: Operations, b: Operations): Operations {
  return combine((kind) => a[kind] + b[kind]);
}

export const elementsOf = (value: Value): number => elementCount(value.dims);

/** Moves or selects data, or computes indices, which are not counted. */
export const nothing: OperationsRule = () => noOperations;

/** The same operations for each element of output 0; `counts` may depend on attributes and constant operands. */
export function perOutput(counts: Partial<Operations> | ((node: Node) => Partial<Operations>)): OperationsRule {
  return (node) => {
    const each = typeof counts === 'function' ? counts(node) : counts;
    const elements = elementsOf(node.output());
    return combine((kind) => (each[kind] ?? 0) * elements);
  };
}
