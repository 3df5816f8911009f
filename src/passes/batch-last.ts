/**
 * Batch-last layout: brings a convolutional network with a fixed batch from `[B, C, H, W]` to `[C, H, W, B]`, where
 * every pointwise convolution, its input gradient and its weight gradient are one plain matrix product, every batch-norm
 * statistic is a contiguous row, and a depthwise convolution is a batched matrix product (`ops/depthwise.ts`).
 *
 * 1. Operators with a rule below are rewritten; the layout changes only where a rule's input comes from outside.
 * 2. Everything else stays in the ordinary layout behind a Transpose.
 * 3. Values are unchanged up to the order of summation.
 *
 * Types must be known with a fixed batch (`inferShapes(graph, { bind: { N: 64 } })`).
 */

import { type Attributes, type Graph, ints, type Node, toNumbers, type Value } from '../ir/index.ts';
import { Builder, depthwiseConv, markerDomain, traitsOf } from '../ops/index.ts';
import { removeDead } from './remove-dead.ts';

const toLast = [1, 2, 3, 0];
const toFirst = [3, 0, 1, 2];

class LayoutPass {
  private readonly last = new Map<Value, Value>();
  private readonly rewritten = new Set<Node>();

  constructor(private readonly graph: Graph) {}

  run(): Graph {
    for (const node of [...this.graph.nodes]) {
      const b = new Builder(this.graph, `${node.name}/`, node);
      const outputs = this.rewrite(node, b);
      if (!outputs) continue;
      for (const [i, output] of outputs.entries()) this.last.set(node.output(i), output);
      this.rewritten.add(node);
    }
    for (const node of this.rewritten) this.giveBack(node);
    removeDead(this.graph);
    return this.graph;
  }

  /** The batch-last form of an activation. */
  private take(x: Value, b: Builder): Value {
    const known = this.last.get(x);
    if (known) return known;
    const rank = x.shape.length;
    const full = rank === 4 ? x : b.reshape(x, [...Array<number>(4 - rank).fill(1), ...x.dims]);
    return b.transpose(full, toLast);
  }

  /** Readers of `node` that keep the ordinary layout, and the graph's outputs, read a Transpose back. */
  private giveBack(node: Node): void {
    const original = node.output();
    const readers = [...original.uses].filter((n) => !this.rewritten.has(n));
    const isOutput = this.graph.outputs.includes(original);
    if (readers.length === 0 && !isOutput) return;
    const back = new Builder(this.graph, `${node.name}/`, node).transpose(this.last.get(original)!, toFirst);
    for (const reader of readers) {
      for (const [i, input] of reader.inputs.entries()) if (input === original) reader.setInput(i, back);
    }
    this.graph.outputs = this.graph.outputs.map((o) => (o === original ? back : o));
  }

  /** Emits the batch-last form of `node`; its outputs, or undefined to leave the node alone. */
  private rewrite(node: Node, b: Builder): Value[] | undefined {
    const { op } = node;
    if (node.domain !== '' || node.output().type?.shape?.length !== 4) return undefined;
    if (op === 'Conv') return this.conv(node, b);
    if (op === 'BatchNormalization') return this.batchNorm(node, b);
    const known = node.inputs.some((x) => x && this.last.has(x));
    if (!known) return undefined;
    // what is elementwise is indifferent to the layout
    const { elementwise } = traitsOf(node);
    if (elementwise === 'one') return [this.same(node, b, [this.take(node.input(0), b), ...node.inputs.slice(1)])];
    if (elementwise === 'several') {
      const taken = node.inputs.map((x) => this.take(x!, b));
      return [this.same(node, b, taken)];
    }
    if (op === 'Slice' || op === 'Pad') return this.alongAxes(node, b);
    if (op === 'GlobalAveragePool') return [b.reduceMean(this.take(node.input(0), b), [1, 2], true)];
    if (op === 'Concat' && node.int('axis') === 1) {
      return [
        b.concat(
          node.inputs.map((x) => this.take(x!, b)),
          0,
        ),
      ];
    }
    return undefined;
  }

  private same(node: Node, b: Builder, inputs: (Value | undefined)[]): Value {
    return b.op(node.op, inputs, node.attributes);
  }

  /** Slice and Pad, which name their axes in input 3 (by default the first ones, in order). */
  private alongAxes(node: Node, b: Builder): Value[] | undefined {
    const [given, ranges] = [node.inputs[3], node.input(1)];
    if (given && !given.constant) return undefined;
    // a Pad has a beginning and an end for each axis
    const count = ranges.dims[0]! / (node.op === 'Pad' ? 2 : 1);
    const axes = given?.constant ? toNumbers(given.constant) : Array.from({ length: count }, (_, i) => i);
    // axis a of [B, C, H, W] is axis toFirst[a] of [C, H, W, B]
    const moved = b.i64(axes.map((axis) => toFirst.at(axis)!));
    return [this.same(node, b, [this.take(node.input(0), b), ranges, node.inputs[2], moved, ...node.inputs.slice(4)])];
  }

  private batchNorm(node: Node, b: Builder): Value[] {
    const x = this.take(node.input(0), b);
    const [channels, ...rest] = x.dims as [number, ...number[]];
    const flat = b.reshape(x, [1, channels, rest.reduce((p, q) => p * q, 1)]);
    const outputs = node.outputs.length;
    const bn = b.node('BatchNormalization', [flat, ...node.inputs.slice(1)], node.attributes, outputs);
    for (let i = 1; i < outputs; i++) node.outputs[i]?.replaceAllUsesWith(bn.output(i));
    return [b.reshape(bn.output(), x.dims)];
  }

  private conv(node: Node, b: Builder): Value[] | undefined {
    const weight = node.input(1);
    const bias = node.inputs[2];
    const [filters, perGroup, kh, kw] = weight.dims as [number, number, number, number];
    const group = node.int('group', 1);
    const strides = node.ints('strides', [1, 1]) as [number, number];
    const pads = node.ints('pads', [0, 0, 0, 0]) as [number, number, number, number];
    const plain =
      node.ints('dilations', [1, 1]).every((d) => d === 1) && node.string('auto_pad', 'NOTSET') === 'NOTSET';
    const depthwise = group > 1 && perGroup === 1 && filters === group;
    if (!plain || (group !== 1 && !depthwise)) return undefined;
    const [, , ho, wo] = node.output().dims as [number, number, number, number];
    const x = this.take(node.input(0), b);
    if (depthwise) {
      const attributes: Attributes = {
        kernel_shape: ints([kh, kw]),
        strides: ints(strides),
        pads: ints([pads[0], pads[1]]),
        output_size: ints([ho, wo]),
      };
      const inputs = [x, b.reshape(weight, [filters, kh, kw])];
      const y = b.node(depthwiseConv, inputs, attributes, 1, undefined, markerDomain).output();
      return [bias ? b.add(y, b.reshape(bias, [filters, 1, 1, 1])) : y];
    }
    const columns = kh * kw === 1 && pads.every((p) => p === 0) ? this.pixels(x, strides, [ho, wo], b) : undefined;
    const unfolded = columns ?? this.unfold(x, [kh, kw], strides, pads, [ho, wo], b);
    const [rows, count] = unfolded.dims as [number, number];
    const matrix = columns ? weight : b.transpose(weight, [0, 2, 3, 1]);
    const y = b.gemm(b.reshape(matrix, [filters, rows]), unfolded, bias ? { c: b.reshape(bias, [filters, 1]) } : {});
    return [b.reshape(y, [filters, ho, wo, count / (ho * wo)])];
  }

  /** `[C, Ho Wo B]`, every stride-th pixel. */
  private pixels(x: Value, strides: readonly [number, number], out: readonly [number, number], b: Builder): Value {
    const [channels, , , batch] = x.dims as [number, number, number, number];
    const picked =
      strides[0] === 1 && strides[1] === 1
        ? x
        : b.slice(x, { starts: [0, 0], ends: [1 << 30, 1 << 30], axes: [1, 2], steps: strides });
    return b.reshape(picked, [channels, out[0] * out[1] * batch]);
  }

  /**
   * `[kh kw C, Ho Wo B]`: the patches under the kernel (im2col), one shifted map per tap. The gradient of a Slice is a
   * Pad, where that of a Gather, as fast forward, would scatter.
   */
  private unfold(
    x: Value,
    kernel: readonly [number, number],
    strides: readonly [number, number],
    pads: readonly [number, number, number, number],
    out: readonly [number, number],
    b: Builder,
  ): Value {
    const [channels, , , batch] = x.dims as [number, number, number, number];
    const around = [0, pads[0], pads[1], 0, 0, pads[2], pads[3], 0];
    const padded = around.some((p) => p > 0)
      ? b.op('Pad', [x, b.i64(around), undefined], { mode: { kind: 'string', value: 'constant' } })
      : x;
    const taps: Value[] = [];
    for (let i = 0; i < kernel[0]; i++) {
      for (let j = 0; j < kernel[1]; j++) {
        const ends = [i + (out[0] - 1) * strides[0] + 1, j + (out[1] - 1) * strides[1] + 1];
        const steps = strides.some((s) => s !== 1) ? { steps: strides } : {};
        taps.push(b.slice(padded, { starts: [i, j], ends, axes: [1, 2], ...steps }));
      }
    }
    return b.reshape(b.concat(taps, 0), [taps.length * channels, out[0] * out[1] * batch]);
  }
}

/** Rewrites `graph` in place and returns it. */
export function toBatchLast(graph: Graph): Graph {
  return new LayoutPass(graph).run();
}
