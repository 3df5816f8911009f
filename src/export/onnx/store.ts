/**
 * Weights in the form in which the file holds them: ternary ones five to a byte, others as float16, or as integers of 8, 7
 * or 4 bits with one scale per filter. Each is brought back to float32 by nodes that depend on constants
 * alone. The stored constant has the weight's name.
 */

import { f32, type Graph, isTernary, type Node, type Tensor, TritbankError, type Value } from '../../ir/index.ts';
import { fromNumbers } from '../../ops/arithmetic/numbers.ts';
import type { BitsByNode } from '../../quantize/index.ts';
import { takeTurn } from '../../threads/turn.ts';
import { checkRange } from './check-range.ts';
import { emitIntegers, emitParts, pickFilters } from './emit-filters.ts';
import { Emitter } from './emitter.ts';
import { areIntegers, bitsOfFilters, filterAxis, filterOf, integerBits, quantizeFilters } from './filters.ts';
import type { ExportForms, ExportOptions, FilterForm } from './options.ts';
import { emitPacked, fiveTrits } from './packed.ts';

const largestHalf = 65504;

/**
 * E_MODEL for weights that are not numbers, which no stored form has a place for, and for infinite ones of which a scale
 * would be made.
 */
export function checkWeights(graph: Graph, { filters }: ExportForms): void {
  for (const { name, constant, uses } of graph.initializers) {
    if (constant?.dtype !== 'float32') continue;
    const isScaled =
      integerBits(filters) !== undefined && [...uses].some((node) => node.op === 'Conv' || node.op === 'Gemm');
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
  planned: BitsByNode,
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
    if (ternary === 'five-trit' || !isTernary(weight.constant))
      store(to, node, weight, { form: filters, planned }, warn);
  }
  return to.nodes;
}

function store(
  to: Emitter,
  node: Node,
  weight: Value,
  { form, planned }: { readonly form: FilterForm; readonly planned: BitsByNode },
  warn?: (line: string) => void,
): void {
  const { graph, name } = weight;
  const tensor = weight.constant!;
  const data = tensor.data as Float32Array;
  const isPacked = isTernary(tensor);
  const bits = bitsOfFilters(node, tensor, filterAxis(node), form, planned);
  const beyond = data.reduce((count, w) => count + Number(Math.abs(w) > largestHalf), 0);
  const isHalf = bits.includes(16);
  if (!isPacked && isHalf && beyond > 0) {
    const found = `${beyond} of ${data.length} weights are beyond float16's ${largestHalf}`;
    warn?.(`layer '${node.name}': ${found}: the layer is stored as float32`);
    return;
  }
  if (!isPacked && form === 'fp32') return;
  graph.rename(weight, graph.freshName(`${name}_float`));
  const read = isPacked
    ? emitPacked(to, name, data, tensor.dims, 'float32', fiveTrits)
    : emitParts(to, name, filterAxis(node), bits, (part, own, filters) => {
        const picked = f32Of(pickFilters({ data, dims: tensor.dims }, filterAxis(node), filters));
        return areIntegers(own)
          ? emitFilters(to, node, { name: part, tensor: picked, bits: own }, warn)
          : to.cast(to.constant(part, halves(picked, node, warn)), 'float32');
      });
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

const f32Of = ({ data, dims }: { readonly data: Float32Array; readonly dims: readonly number[] }) => f32(dims, data);

interface StoredFilters {
  readonly name: string;
  readonly tensor: Tensor;
  readonly bits: number;
}

/** Integers as float32: a product, because ONNX Runtime folds no DequantizeLinear that a float operator reads. */
function emitFilters(
  to: Emitter,
  node: Node,
  { name, tensor, bits }: StoredFilters,
  warn?: (line: string) => void,
): Value {
  const { dims } = tensor;
  const axis = filterAxis(node);
  const { values, scales } = quantizeFilters(tensor, axis, bits);
  const exact = tensor.data as Float32Array;
  checkRange(
    {
      name: node.name,
      exact,
      stored: (i) => values[i]!,
      filterOf: filterOf(dims, axis),
      form: bits === 4 ? 'int4' : 'int8',
    },
    warn,
  );
  const floats = emitIntegers(to, name, { data: values, dims }, bits, 'float32');
  const scale = f32(
    dims.map((d, i) => (i === axis ? d : 1)),
    scales,
  );
  return to.op('Mul', [floats, to.constant(to.graph.freshName(`${node.name}_scale`), scale)]);
}
