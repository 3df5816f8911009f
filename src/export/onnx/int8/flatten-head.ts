/**
 * A classifier of 1x1 convolutions behind a global pool becomes one of Gemms: they compute the same, and ONNX Runtime has
 * an 8-bit Gemm with float32 results, so that the scores need not be rounded to 8 bits.
 *
 *   Flatten(Conv(x)) = Gemm(Flatten(x)) for x [N, C, 1, 1];   Flatten(f(x)) = f(Flatten(x));
 *   Flatten(Concat(x, y)) = Concat(Flatten(x), Flatten(y))
 */

import { type Attributes, type Graph, int, type Node, type Value } from '../../../ir/index.ts';
import { traitsOf } from '../../../ops/index.ts';
import { soleReader } from '../../../passes/channels.ts';
import { eliminateCommon, inferShapes, Linear, removeDead } from '../../../passes/index.ts';
import { keepOutputNames } from '../../../passes/replace.ts';
import type { RowScales } from './row-scales.ts';

/** `[N, C, 1, 1]` to `[N, C]`. */
const squashes = (node: Node) =>
  traitsOf(node).keepsOrder === true &&
  node.input(0).type?.shape?.length === 4 &&
  node.output().type?.shape?.length === 2 &&
  isPoint(node.input(0));

const isPoint = (value: Value) => value.type?.shape?.length === 4 && value.shape.slice(2).every((d) => d === 1);

/** The 1x1 convolution of a single position that computes a value. */
function pointConv(node: Node): Linear | undefined {
  const linear = node.op === 'Conv' && node.int('group', 1) === 1 ? Linear.of(node) : undefined;
  return linear?.ownsWeight && linear.isUnpadded && isPoint(node.input(0)) ? linear : undefined;
}

/** True when `reader` alone reads `value`, and it ends in convolutions of single positions. */
function ends(value: Value, reader: Node): boolean {
  const node = value.producer;
  if (node?.domain !== '' || soleReader(value) !== reader) return false;
  if (node.op === 'Concat') return node.int('axis') === 1 && node.inputs.every((x) => x && ends(x, node));
  return node.op === 'Relu' ? ends(node.input(0), node) : pointConv(node) !== undefined;
}

class Flattening {
  /** New nodes with the old ones whose names they take over. */
  private readonly heirs = new Map<Node, Node>();

  constructor(private readonly rows: RowScales) {}

  /** The flattened form of a value for which `ends` holds. */
  flatten(value: Value): Value {
    const node = value.producer!;
    if (node.op === 'Concat') {
      return this.add(
        node,
        'Concat',
        node.inputs.map((x) => this.flatten(x!)),
        { axis: int(1) },
      );
    }
    if (node.op === 'Relu') return this.add(node, 'Relu', [this.flatten(node.input(0))]);
    const linear = pointConv(node)!;
    const x = node.input(0);
    this.rows.reshape(linear.weight, [linear.filters, linear.inputs]);
    const flat = x.producer && ends(x, node) ? this.flatten(x) : this.squash(node, x);
    const bias = node.inputs[2] ? [node.inputs[2]] : [];
    return this.add(node, 'Gemm', [flat, linear.weight, ...bias], { transB: int(1) });
  }

  private squash(before: Node, x: Value): Value {
    return before.graph.add('Flatten', [x], { axis: int(1) }, { name: `${x.name}_flat`, before }).output();
  }

  private add(old: Node, op: string, inputs: readonly Value[], attributes: Attributes = {}): Value {
    const node = old.graph.add(op, inputs, attributes, { name: old.name, before: old });
    this.heirs.set(node, old);
    return node.output();
  }

  /** Names of what is gone go to what is in its place. */
  rename(): void {
    for (const [node, { name, outputs }] of this.heirs) {
      const [output] = outputs;
      node.name = name;
      if (output && !node.graph.find(output.name)) node.graph.rename(node.output(), output.name);
    }
  }
}

/** Rewrites the end of a classifier in place, refreshing types. */
export function flattenHead(graph: Graph, rows: RowScales): void {
  inferShapes(graph);
  const flattening = new Flattening(rows);
  keepOutputNames(graph, () => {
    for (const node of graph.nodes.filter(squashes)) {
      if (ends(node.input(0), node)) node.output().replaceAllUsesWith(flattening.flatten(node.input(0)));
    }
    removeDead(graph);
    flattening.rename();
    eliminateCommon(graph);
  });
  inferShapes(graph);
}
