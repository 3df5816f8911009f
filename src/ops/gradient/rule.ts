/**
 * What a gradient rule is, and the combinators that simple operators share. A rule emits the nodes that carry the
 * gradient of a node's outputs back to its inputs (reverse mode; the vocabulary follows ONNX Runtime's gradient
 * builder). Scalars that rules emit are float32, so the backward pass of a graph is float32.
 */

import { type Node, TritbankError, type Value } from '../../ir/index.ts';
import type { Builder } from '../builder.ts';
import { unbroadcast } from './shape-tools.ts';

export interface GradientContext {
  readonly node: Node;
  /** The node's inputs and outputs, by position. */
  readonly x: readonly (Value | undefined)[];
  readonly y: readonly (Value | undefined)[];
  /** The gradient of each output; `undefined` where the loss does not depend on it. */
  readonly dy: readonly (Value | undefined)[];
  readonly b: Builder;
  /** Whether the gradient of input `i` is wanted. */
  needs(i: number): boolean;
}

/** Returns one gradient or null per input; a shorter list means null for the rest. */
export type GradientRule = (context: GradientContext) => (Value | null)[];

/** An E_GRADIENT error at this node. */
export function gradientError(node: Node, detail: string): TritbankError {
  return new TritbankError('E_GRADIENT', node.label, detail);
}

/** The gradient of output 0, for rules that carry no gradient of any further output. */
export function gradientOfFirst({ node, dy }: GradientContext): Value {
  const other = dy.findIndex((d, i) => d && i > 0);
  if (other > 0) throw gradientError(node, `expected a gradient of output 0 only, found one of output ${other}`);
  if (!dy[0]) throw new Error(`internal: the gradient rule of ${node.label} was called without a gradient`);
  return dy[0];
}

interface Unary {
  readonly dy: Value;
  readonly x: Value;
  readonly y: Value;
  readonly b: Builder;
  readonly node: Node;
}

/** A rule with a gradient for input 0 alone. */
export function unary(gradient: (operands: Unary) => Value): GradientRule {
  return (context) => {
    const { node, b } = context;
    return [gradient({ dy: gradientOfFirst(context), x: node.input(0), y: node.output(), b, node })];
  };
}

interface Binary {
  readonly dy: Value;
  readonly l: Value;
  readonly r: Value;
  readonly y: Value;
  readonly b: Builder;
}

/** A rule for `y = f(l, r)` with broadcasting: the two gradients at the shape of y. */
export function binary(left: (operands: Binary) => Value, right: (operands: Binary) => Value): GradientRule {
  return (context) => {
    const { node, b, needs } = context;
    const operands = { dy: gradientOfFirst(context), l: node.input(0), r: node.input(1), y: node.output(), b };
    return [left, right].map((f, i) => (needs(i) ? unbroadcast(b, f(operands), node.input(i).shape) : null));
  };
}
