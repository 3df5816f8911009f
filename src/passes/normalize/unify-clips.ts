/**
 * Brings bounds to the operators that say so, ReLU and Clip:
 * 1. Max(x, l) is Clip from l on, or Relu for l = 0; Min(x, h) is Clip up to h.
 * 2. Of two in a row the bounds are one pair: those of the first, clipped by the second. ReLU6 as Min(Relu(x), 6) or as
 *    Min(Max(x, 0), 6) becomes Clip(x, 0, 6).
 * Left out: bounds that are not one constant float32 number.
 */

import type { Graph, Node, Value } from '../../ir/index.ts';
import { Builder } from '../../ops/index.ts';
import { constantOf, soleReader } from '../channels.ts';
import { inferShapes } from '../infer-shapes.ts';
import { removeDead } from '../remove-dead.ts';
import { replaceNode } from '../replace.ts';

/** min(max(x, low), high); a bound that is absent is infinite. */
interface Bounded {
  readonly x: Value;
  readonly low: number;
  readonly high: number;
}

const infinity = Number.POSITIVE_INFINITY;

/** Rewrites in place, refreshing types; true when something changed. */
export function unifyClips(graph: Graph): boolean {
  inferShapes(graph);
  const changed = [...graph.nodes].filter(rewrite);
  if (changed.length > 0) removeDead(graph);
  return changed.length > 0;
}

/** The one number in a float32 constant, NaN where it is anything else. */
function numberOf(value: Value | undefined): number {
  const tensor = constantOf(value);
  return tensor?.dtype === 'float32' && tensor.data.length === 1 ? (tensor.data[0] as number) : Number.NaN;
}

function boundsOf(node: Node | undefined): Bounded | undefined {
  const [x, second, third] = node?.inputs ?? [];
  if (node?.domain !== '' || !x || x.type?.dtype !== 'float32') return undefined;
  if (node.op === 'Relu') return { x, low: 0, high: infinity };
  if (node.op === 'Clip') {
    const bounds = { low: second ? numberOf(second) : -infinity, high: third ? numberOf(third) : infinity };
    return bounds.low <= bounds.high ? { x, ...bounds } : undefined;
  }
  if ((node.op !== 'Max' && node.op !== 'Min') || node.inputs.length !== 2 || !second) return undefined;
  const [value, bound] = Number.isNaN(numberOf(second)) ? [second, x] : [x, second];
  const limit = numberOf(bound);
  // a bound of more dimensions than the tensor would add some to the result
  const rank = value.type?.shape?.length;
  if (Number.isNaN(limit) || constantOf(value) || rank === undefined || bound.shape.length > rank) return undefined;
  return node.op === 'Max' ? { x: value, low: limit, high: infinity } : { x: value, low: -infinity, high: limit };
}

function rewrite(node: Node): boolean {
  const outer = boundsOf(node);
  const inner = outer && soleReader(outer.x) === node ? boundsOf(outer.x.producer) : undefined;
  if (!outer || (!inner && (node.op === 'Relu' || node.op === 'Clip'))) return false;
  const clip = (bound: number) => Math.min(Math.max(bound, outer.low), outer.high);
  const [low, high] = inner ? [clip(inner.low), clip(inner.high)] : [outer.low, outer.high];
  const { x } = inner ?? outer;
  if (low === 0 && high === infinity) {
    replaceNode(node, { op: 'Relu', inputs: [x], attributes: {} });
    return true;
  }
  const b = new Builder(node.graph, '', node);
  const bounds = [low, high].map((bound) => (Number.isFinite(bound) ? b.scalar(bound) : undefined));
  const inputs = [x, ...(bounds[1] ? bounds : bounds.slice(0, 1))];
  replaceNode(node, { op: 'Clip', inputs, attributes: {} });
  return true;
}
