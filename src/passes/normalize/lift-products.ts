/**
 * Products of a constant matrix with tensors of more than two axes become 1x1 convolutions, so that they are layers like all
 * others: the Linear layers of channels-last blocks (ConvNeXt), and the projections and MLPs of transformers.
 *
 *   MatMul(x [N, A, B, C], W [C, F])    Transpose, Conv, Transpose
 *   MatMul(x [N, L, C], W [C, F])       Transpose, Unsqueeze to [N, C, L, 1], Conv, Squeeze, Transpose
 *   MatMul(W [F, C], x [N, C, L])       Unsqueeze, Conv, Squeeze
 *
 * with the sum of a bias per filter behind it. `sinkTransposes` removes the transpositions that meet.
 * Left out: weights that several nodes read or that are ternary, tensors of more than four axes.
 */

import { f32, type Graph, ints, isTernary, type Node, type Tensor, type Value } from '../../ir/index.ts';
import { Builder } from '../../ops/index.ts';
import { constantOf, soleReader } from '../channels.ts';
import { inferShapes } from '../infer-shapes.ts';
import { removeDead } from '../remove-dead.ts';
import { replaceNode, skipNode } from '../replace.ts';

/** Rewrites in place, refreshing types; true when something changed. */
export function liftProducts(graph: Graph): boolean {
  inferShapes(graph);
  const changed = [...graph.nodes].filter((node) => {
    const form = node.op === 'MatMul' && node.domain === '' ? formOf(node) : undefined;
    if (form) lift(node, form);
    return form !== undefined;
  });
  if (changed.length > 0) removeDead(graph);
  return changed.length > 0;
}

interface Form {
  readonly x: Value;
  /** Rows of weights, [filters, inputs]. */
  readonly rows: Float32Array;
  readonly filters: number;
  readonly inputs: number;
  /** Where the channels of `x` and of the result are. */
  readonly channels: 'last' | 'second';
  readonly rank: 3 | 4;
}

/** A matrix that this node alone reads. */
function matrixOf(value: Value): Tensor<'float32'> | undefined {
  const tensor = constantOf(value);
  if (tensor?.dtype !== 'float32' || tensor.dims.length !== 2 || isTernary(tensor)) return undefined;
  return soleReader(value) ? (tensor as Tensor<'float32'>) : undefined;
}

const rankOf = (x: Value): 3 | 4 | undefined => {
  const rank = x.type?.dtype === 'float32' ? x.type.shape?.length : undefined;
  return rank === 3 || rank === 4 ? rank : undefined;
};

function formOf(node: Node): Form | undefined {
  const [a, b] = [node.input(0), node.input(1)];
  const behind = matrixOf(b);
  const rank = rankOf(a);
  if (behind && rank) {
    const [inputs, filters] = behind.dims as [number, number];
    const rows = new Float32Array(behind.data.length);
    for (let i = 0; i < inputs; i++)
      for (let f = 0; f < filters; f++) rows[f * inputs + i] = behind.data[i * filters + f]!;
    return { x: a, rows, filters, inputs, channels: 'last', rank };
  }
  const before = matrixOf(a);
  if (!before || rankOf(b) !== 3) return undefined;
  const [filters, inputs] = before.dims as [number, number];
  return { x: b, rows: before.data, filters, inputs, channels: 'second', rank: 3 };
}

/** Takes a sum with a constant per filter behind the product away; its values. */
function takeBias(node: Node, { filters, channels, rank }: Form): Float32Array | undefined {
  const y = node.output();
  const add = soleReader(y);
  if (add?.op !== 'Add' || add.domain !== '') return undefined;
  const tensor = add.inputs.map(constantOf).find((found) => found?.dtype === 'float32');
  if (!tensor || tensor.dims.length > rank) return undefined;
  const axis = channels === 'last' ? rank - 1 : 1;
  const isPerFilter = tensor.dims.every((d, i) => d === (i + rank - tensor.dims.length === axis ? filters : 1));
  if (!isPerFilter || tensor.data.length !== filters || !skipNode(add, y)) return undefined;
  return tensor.data as Float32Array;
}

function lift(node: Node, form: Form): void {
  const { graph } = node;
  const { filters, inputs, channels, rank } = form;
  const [weight, other] = constantOf(node.input(1)) ? [node.input(1), node.input(0)] : [node.input(0), node.input(1)];
  const bias = takeBias(node, form);
  const emit = new Builder(graph, `${node.name}/`, node);
  const constants = [
    graph.initializer(weight.name, f32([filters, inputs, 1, 1], form.rows)),
    ...(bias ? [graph.initializer(`${node.name}_bias`, f32([filters], bias))] : []),
  ];
  const x = toImage(other, channels, rank, emit);
  replaceNode(node, { op: 'Conv', inputs: [x, ...constants], attributes: { kernel_shape: ints([1, 1]) } }, (y, b) =>
    fromImage(y, channels, rank, b),
  );
}

/** `[N, C, H, W]`. */
function toImage(x: Value, channels: Form['channels'], rank: Form['rank'], b: Builder): Value {
  if (rank === 4) return b.transpose(x, [0, 3, 1, 2]);
  const first = channels === 'last' ? b.transpose(x, [0, 2, 1]) : x;
  return b.op('Unsqueeze', [first, b.i64([3])]);
}

function fromImage(y: Value, channels: Form['channels'], rank: Form['rank'], b: Builder): Value {
  if (rank === 4) return b.transpose(y, [0, 2, 3, 1]);
  const flat = b.op('Squeeze', [y, b.i64([3])]);
  return channels === 'last' ? b.transpose(flat, [0, 2, 1]) : flat;
}
