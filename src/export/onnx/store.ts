/**
 * Weights in the form in which the file holds them: ternary ones five to a byte, others as float16 or as int8 with one
 * scale per filter (symmetric, round to nearest). Each is brought back to float32 by nodes that depend on constants
 * alone. The stored constant has the weight's name.
 */

import {
  elementCodeOf,
  f32,
  type Graph,
  int,
  isTernary,
  type Node,
  type Tensor,
  TritbankError,
  type Value,
} from '../../ir/index.ts';
import { fromNumbers, roundEven } from '../../ops/arithmetic/numbers.ts';
import { takeTurn } from '../../threads/turn.ts';
import { checkRange } from './check-range.ts';
import { Emitter } from './emitter.ts';
import type { ExportForms, ExportOptions } from './options.ts';
import { emitTrits } from './trits.ts';

const largestHalf = 65504;

/** The axis of a weight that counts filters: 1 for a Gemm that does not transpose its weights. */
export const filterAxis = (node: Node) => (node.op === 'Gemm' && node.int('transB', 0) === 0 ? 1 : 0);

/** For each element of a weight, its filter. */
export function filterOf(dims: readonly number[], axis: number): (index: number) => number {
  const inner = dims.slice(axis + 1).reduce((product, d) => product * d, 1);
  const filters = dims[axis]!;
  return (index) => Math.floor(index / inner) % filters;
}

export interface QuantizedFilters {
  readonly values: Int8Array;
  /** One per filter, above 0. */
  readonly scales: Float32Array;
}

/** Nearest multiples of one scale per filter, which is its largest weight / 127; 1 for a filter of zeros. */
export function quantizeFilters({ dims, data }: Tensor, axis: number): QuantizedFilters {
  const of = filterOf(dims, axis);
  const weights = data as Float32Array;
  const scales = new Float32Array(dims[axis]!);
  for (const [i, w] of weights.entries()) scales[of(i)] = Math.max(scales[of(i)]!, Math.abs(w) / 127);
  for (const [f, s] of scales.entries()) if (s < 2 ** -126) scales[f] = 1;
  const values = Int8Array.from(weights, (w, i) => Math.max(-127, Math.min(127, roundEven(w / scales[of(i)]!))));
  return { values, scales };
}

/**
 * E_MODEL for weights that are not numbers, which no stored form has a place for, and for infinite ones of which a scale
 * would be made.
 */
export function checkWeights(graph: Graph, { filters }: ExportForms): void {
  for (const { name, constant, uses } of graph.initializers) {
    if (constant?.dtype !== 'float32') continue;
    const isScaled = filters === 'int8' && [...uses].some((node) => node.op === 'Conv' || node.op === 'Gemm');
    const odd = (constant.data as Float32Array).find((w) => Number.isNaN(w) || (isScaled && !Number.isFinite(w)));
    if (odd !== undefined) throw new TritbankError('E_MODEL', `weight '${name}'`, `expected numbers, found ${odd}`);
  }
}

/**
 * Puts all constant float32 weights of convolutions and Gemms into the file's form, in place; resolves to the nodes that
 * unpack them. AbortError after the signal.
 */
export async function storeWeights(
  graph: Graph,
  { filters, ternary }: ExportForms,
  { warn, signal }: Pick<ExportOptions, 'warn' | 'signal'> = {},
): Promise<ReadonlySet<Node>> {
  const to = new Emitter(graph);
  const done = new Set<Value>();
  for (const node of [...graph.nodes]) {
    const weight = node.inputs[1];
    if ((node.op !== 'Conv' && node.op !== 'Gemm') || node.domain !== '') continue;
    if (weight?.constant?.dtype !== 'float32' || done.has(weight)) continue;
    done.add(weight);
    await takeTurn(signal);
    to.before = node;
    if (ternary === 'five-trit' || !isTernary(weight.constant)) store(to, node, weight, filters, warn);
  }
  return to.nodes;
}

function store(
  to: Emitter,
  node: Node,
  weight: Value,
  filters: ExportForms['filters'],
  warn?: (line: string) => void,
): void {
  const { graph, name } = weight;
  const tensor = weight.constant!;
  const data = tensor.data as Float32Array;
  const isPacked = isTernary(tensor);
  const beyond = data.reduce((count, w) => count + Number(Math.abs(w) > largestHalf), 0);
  const isHalf = filters === 'fp16' && beyond === 0;
  if (filters === 'fp16' && beyond > 0) {
    const found = `${beyond} of ${data.length} weights are beyond float16's ${largestHalf}`;
    warn?.(`layer '${node.name}': ${found}: the layer is stored as float32`);
  }
  if (!isPacked && !isHalf && filters !== 'int8') return;
  graph.rename(weight, graph.freshName(`${name}_float`));
  const read = isPacked
    ? emitTrits(to, name, data, tensor.dims, 'float32')
    : isHalf
      ? toFloat(to, to.constant(name, halves(tensor, node, warn)))
      : emitFilters(to, name, tensor, node, warn);
  weight.replaceAllUsesWith(read);
  graph.removeValue(weight);
}

function halves(tensor: Tensor, node: Node, warn?: (line: string) => void): Tensor {
  const exact = tensor.data as Float32Array;
  const stored = fromNumbers('float16', tensor.dims, exact);
  const bits = stored.data as Uint16Array;
  const of = filterOf(tensor.dims, filterAxis(node));
  checkRange({ name: node.name, exact, stored: (i) => bits[i]! & 0x7fff, filterOf: of, form: 'fp16' }, warn);
  return stored;
}

const toFloat = (to: Emitter, x: Value) => to.op('Cast', [x], { to: int(elementCodeOf('float32')) });

/** int8 weights as float32: a product, because ONNX Runtime folds no DequantizeLinear that a float operator reads. */
function emitFilters(to: Emitter, name: string, tensor: Tensor, node: Node, warn?: (line: string) => void): Value {
  const axis = filterAxis(node);
  const { values, scales } = quantizeFilters(tensor, axis);
  const exact = tensor.data as Float32Array;
  checkRange(
    {
      name: node.name,
      exact,
      stored: (i) => values[i]!,
      filterOf: filterOf(tensor.dims, axis),
      form: 'int8',
    },
    warn,
  );
  const stored = to.constant(name, { dtype: 'int8', dims: tensor.dims, data: values });
  const dims = tensor.dims.map((d, i) => (i === axis ? d : 1));
  return to.op('Mul', [toFloat(to, stored), to.constant(`${node.name}_scale`, f32(dims, scales))]);
}
