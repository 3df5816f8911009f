/**
 * Gives back the batch norms that were folded away, so that a network can be fine-tuned with them.
 * 1. Behind a convolution without one goes BatchNormalization(x; gamma, beta, mean 0, variance 1) with
 *    gamma = s sqrt(1 + eps), beta = s b + t, where b is the convolution's bias and s, t are per-channel products and
 *    sums behind it. They go into the batch norm, and the output stays what it is up to rounding.
 * 2. A Concat that reads nothing but convolutions (a hybrid filter bank) gets one batch norm behind it.
 * 3. Left as they are: layers with a batch norm, Gemms, layers of one pixel (behind a global pool, where a batch has few
 *    numbers to take statistics of), and layers that give an output of the graph.
 * `normalise` then gives a batch norm the statistics of its input; the output still stays what it is.
 */

import { f32, float, type Graph, type Node, type Tensor, type Value } from '../ir/index.ts';
import { Builder, traitsOf } from '../ops/index.ts';
import { evaluateNode } from '../ops/reference.ts';
import { channelsOf, constantOf, soleReader } from './channels.ts';
import { inferShapes } from './infer-shapes.ts';
import { Linear } from './linear.ts';
import { removeDead } from './remove-dead.ts';

export interface InsertBatchNormOptions {
  /** `scale`: a learnable product and sum per channel instead, without statistics. Default `batch-norm`. */
  readonly form?: 'batch-norm' | 'scale';
}

const epsilon = 1e-5;

/** What a layer's channels go through: `x -> scale x + shift`, up to `end`. */
interface Affine {
  readonly scale: Float64Array;
  readonly shift: Float64Array;
  readonly end: Value;
}

/** The convolutions whose channels, one after the other, are those of `output`. */
const sourcesOf = (output: Value): Linear[] => {
  const { op, inputs } = output.producer!;
  return (op === 'Concat' ? inputs : [output]).map((x) => Linear.of(x!.producer)!);
};

/** Rewrites in place, refreshing types; the names of the new nodes: `conv_1_bn` behind `conv_1`. */
export function insertBatchNorm(graph: Graph, { form = 'batch-norm' }: InsertBatchNormOptions = {}): string[] {
  inferShapes(graph);
  const names: string[] = [];
  const done = new Set<Value>();
  for (const node of [...graph.nodes]) {
    if (node.op !== 'Conv' || !Linear.of(node)) continue;
    const output = bankOf(node) ?? node.output();
    if (done.has(output) || isSmall(output) || graph.outputs.includes(output)) continue;
    done.add(output);
    const affine = readAffine(output);
    if (!affine || graph.outputs.includes(affine.end)) continue;
    names.push(insert(output, affine, stem(output), form));
  }
  removeDead(graph);
  return names;
}

/** `conv_1` of the bank `conv_1_bank`, and of `conv_1_ternary`, which all filters of a strassenified layer come from. */
const stem = (output: Value) => output.producer!.name.replace(/_(bank|ternary)$/, '');

/** The output of the Concat that alone reads a convolution, along with other convolutions. */
function bankOf(node: Node): Value | undefined {
  const concat = soleReader(node.output());
  if (concat?.op !== 'Concat' || concat.domain !== '' || concat.int('axis') !== 1) return undefined;
  const isConv = (x: Value | undefined) => x?.producer?.op === 'Conv' && Linear.of(x.producer) && soleReader(x);
  return concat.inputs.every(isConv) ? concat.output() : undefined;
}

function isSmall(output: Value): boolean {
  return channelsOf(output) === undefined || output.shape.slice(2).every((d) => d === 1);
}

/** The layer's own bias and all per-channel products and sums behind it; undefined in front of a batch norm. */
function readAffine(output: Value): Affine | undefined {
  const channels = channelsOf(output)!;
  const bias = sourcesOf(output).flatMap((linear) => [...linear.bias]);
  const [scale, shift] = [new Float64Array(channels).fill(1), Float64Array.from(bias)];
  let end = output;
  for (;;) {
    if ([...end.uses].some((n) => n.op === 'BatchNormalization' && n.inputs[0] === end)) return undefined;
    const next = soleReader(end);
    const values = next?.domain === '' && (next.op === 'Mul' || next.op === 'Add') ? operand(next, end) : undefined;
    if (!values) return { scale, shift, end };
    for (let c = 0; c < channels; c++) {
      if (next!.op === 'Mul') scale[c]! *= values[c]!;
      if (next!.op === 'Mul') shift[c]! *= values[c]!;
      else shift[c]! += values[c]!;
    }
    end = next!.output();
  }
}

/** The other, constant operand of a product or sum, one value per channel of `x`. */
function operand(node: Node, x: Value): Float64Array | undefined {
  const tensor = evaluate(node.inputs[0] === x ? node.inputs[1] : node.inputs[0]);
  const [rank, channels] = [x.shape.length, channelsOf(x)!];
  if (tensor?.dtype !== 'float32' || tensor.dims.length > rank) return undefined;
  const dims = [...new Array<number>(rank - tensor.dims.length).fill(1), ...tensor.dims];
  if (dims.some((d, i) => d !== 1 && !(i === 1 && d === channels))) return undefined;
  const data = tensor.data as Float32Array;
  return Float64Array.from({ length: channels }, (_, c) => data[data.length === 1 ? 0 : c]!);
}

/** The data of a constant, or of a reshaped one. */
function evaluate(value: Value | undefined): Tensor | undefined {
  const node = value?.producer;
  if (!node) return constantOf(value);
  if (!traitsOf(node).keepsOrder) return undefined;
  const inputs = node.inputs.map(evaluate);
  return inputs.every((t) => t) ? evaluateNode(node, inputs)[0] : undefined;
}

function insert(output: Value, { scale, shift, end }: Affine, name: string, form: 'batch-norm' | 'scale'): string {
  const { graph } = output;
  const readers = [...end.uses];
  const next = graph.nodes[graph.nodes.indexOf(output.producer!) + 1];
  const b = new Builder(graph, '', next);
  const channels = scale.length;
  const vector = (suffix: string, values: Float64Array) => b.constant(`${name}_bn_${suffix}`, f32([channels], values));
  const filled = (value: number) => new Float64Array(channels).fill(value);
  let y: Value;
  let first: Value;
  if (form === 'batch-norm') {
    const gamma = scale.map((s) => s * Math.sqrt(1 + epsilon));
    const vectors = [vector('scale', gamma), vector('shift', shift), vector('mean', filled(0))];
    const inputs = [output, ...vectors, vector('variance', filled(1))];
    first = b.op('BatchNormalization', inputs, { epsilon: float(epsilon) }, `${name}_bn`);
    y = first;
  } else {
    const [factors, terms] = [vector('scale', scale), vector('shift', shift)];
    const perChannel = (v: Value) => b.reshape(v, [1, channels, 1, 1].slice(0, output.shape.length));
    first = b.op('Mul', [output, perChannel(factors)], {}, `${name}_bn`);
    y = b.op('Add', [first, perChannel(terms)], {}, `${name}_bn_sum`);
  }
  for (const reader of readers) {
    for (const [i, input] of reader.inputs.entries()) if (input === end) reader.setInput(i, y);
  }
  for (const linear of sourcesOf(output)) linear.removeBias();
  return first.producer!.name;
}

/**
 * Gives an inference batch norm the statistics `mean` and `variance`, one per channel, and adjusts its scale and shift
 * so that its output stays what it is: with the statistics of its input it then computes in training what it does in
 * inference. Returns the four new vectors by initializer name; the graph is not changed.
 */
export function normalise(node: Node, mean: ArrayLike<number>, variance: ArrayLike<number>): Map<string, Tensor> {
  const eps = node.float('epsilon', epsilon);
  const [gamma, beta, oldMean, oldVariance] = [1, 2, 3, 4].map((i) => node.input(i).constant!.data as Float32Array);
  const channels = gamma!.length;
  const slope = Float64Array.from(gamma!, (g, c) => g / Math.sqrt(oldVariance![c]! + eps));
  const vectors = [
    slope.map((s, c) => s * Math.sqrt(variance[c]! + eps)),
    slope.map((s, c) => beta![c]! + s * (mean[c]! - oldMean![c]!)),
    Float64Array.from(mean),
    Float64Array.from(variance),
  ];
  return new Map(vectors.map((values, i) => [node.input(i + 1).name, f32([channels], values)]));
}
