/**
 * Networks that were written for channels-last images arrive with transpositions around every convolution:
 *
 *   Transpose(NHWC -> NCHW), Conv, Transpose(NCHW -> NHWC), Relu, Transpose(NHWC -> NCHW), Conv, ...
 *
 * They are moved towards the outputs, through operators that `transpose-rules.ts` has a rule for, until they meet:
 * 1. Two transpositions are one, or none where the second undoes the first.
 * 2. One that moves only axes of one element, behind a Reshape or the like, becomes part of it.
 * 3. Equal transpositions of one value are one.
 * All this is first tried on a copy, and done if it leaves fewer transpositions. Those at the inputs and outputs stay:
 * they are the model's interface. The idea is that of tf2onnx's transpose optimizer (github.com/onnx/tensorflow-onnx).
 * Left out: moving towards the inputs; matrix products behind an image that is flattened channels-last.
 */

import { type Graph, ints, type Node } from '../../ir/index.ts';
import { Builder, traitsOf } from '../../ops/index.ts';
import { inferShapes } from '../infer-shapes.ts';
import { removeDead } from '../remove-dead.ts';
import { replaceNode, skipNode } from '../replace.ts';
import {
  compose,
  isIdentity,
  keepsOrder,
  type Perm,
  reshapeTarget,
  sourceOf,
  transposeRuleOf,
} from './transpose-rules.ts';

/** Rewrites in place, refreshing types; true when something changed. */
export function sinkTransposes(graph: Graph): boolean {
  inferShapes(graph);
  let changed = false;
  while (improve(graph)) changed = true;
  return changed;
}

/** Moves all transpositions as far as they go, if that leaves fewer. */
function improve(graph: Graph): boolean {
  const before = countTransposes(graph);
  if (before[1] === 0) return false;
  const trial = graph.clone();
  sweep(trial);
  const after = countTransposes(trial);
  const isBetter = after[0] < before[0] || (after[0] === before[0] && after[1] < before[1]);
  if (isBetter) sweep(graph);
  return isBetter;
}

const isTranspose = (node: Node) => node.op === 'Transpose' && node.domain === '';

/** Transpositions that move data, and all of them. */
function countTransposes(graph: Graph): readonly [moving: number, all: number] {
  const all = graph.nodes.filter(isTranspose);
  const moving = all.filter((node) => {
    const source = sourceOf(node.output());
    return !source || !keepsOrder(source.x.type?.shape, source.perm);
  });
  return [moving.length, all.length];
}

function sweep(graph: Graph): void {
  inferShapes(graph);
  for (const node of [...graph.nodes]) {
    if (node.domain !== '') continue;
    if (isTranspose(node)) join(node);
    else sink(node);
  }
  removeDead(graph);
  mergeEqual(graph);
}

/** A transposition of a transposition, or of a reshaped value. */
function join(node: Node): void {
  const source = sourceOf(node.output());
  if (!source) return;
  const inner = sourceOf(source.x);
  const perm = inner ? compose(inner.perm, source.perm) : source.perm;
  const x = inner?.x ?? source.x;
  if (isIdentity(perm) && skipNode(node, x)) return;
  const { producer } = x;
  const target = keepsOrder(x.type?.shape, perm) ? reshapeTarget(node.output().type?.shape) : undefined;
  if (target && producer && traitsOf(producer).keepsOrder) {
    const shape = new Builder(node.graph, '', node).i64(target);
    replaceNode(node, { op: 'Reshape', inputs: [producer.input(0), shape], attributes: {} });
  } else if (inner) {
    replaceNode(node, { op: 'Transpose', inputs: [x], attributes: { perm: ints(perm) } });
  }
}

/** Puts the node in front of the transpositions of its inputs. */
function sink(node: Node): void {
  const rule = transposeRuleOf(node);
  const perm = rule && node.inputs.map((value) => sourceOf(value)?.perm).find((found) => found !== undefined);
  if (!perm || (node.outputs.length > 1 && node.op !== 'Split')) return;
  const moved = rule(node, perm, new Builder(node.graph, `${node.name}/`, node));
  if (!moved) return;
  const after: Perm = moved.perm;
  replaceNode(node, { op: node.op, inputs: moved.inputs, attributes: moved.attributes }, (y, b) =>
    isIdentity(after) ? y : b.transpose(y, after),
  );
}

function mergeEqual(graph: Graph): void {
  const known = new Map<string, Node>();
  for (const node of graph.nodes.filter(isTranspose)) {
    const { name } = node.input(0);
    const key = `${name} ${sourceOf(node.output())?.perm.join()}`;
    const first = known.get(key);
    if (!first) known.set(key, node);
    else skipNode(node, first.output());
  }
}
