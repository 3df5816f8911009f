/**
 * Weights and biases of layers whose input is 8 bits wide, in the form in which runtimes look for them: int8 weights with
 * a scale per filter, int32 biases in units of (scale of the input) x (scale of the filter), each in front of its layer
 * behind a DequantizeLinear.
 */

import { elementCount, f32, type Graph, int, type Tensor, type Value } from '../../../ir/index.ts';
import { roundEven } from '../../../ops/arithmetic/numbers.ts';
import { Linear } from '../../../passes/index.ts';
import type { BitsByNode } from '../../../quantize/index.ts';
import { takeTurn } from '../../../threads/turn.ts';
import { emitIntegers, emitParts, pickFilters } from '../emit-filters.ts';
import type { Emitter } from '../emitter.ts';
import { bitsOfFilters, filterAxis, filterOf, quantizeFilters } from '../filters.ts';
import type { ExportForms } from '../options.ts';
import { emitPacked, fiveTrits } from '../packed.ts';
import type { Quantization } from './insert.ts';
import type { Levels } from './ranges.ts';
import type { RowScales } from './row-scales.ts';

/** Biases stay below 2^30 units, so that sums over products have room in int32. */
const largestBias = 2 ** 30;

interface Stored {
  readonly values: Tensor;
  readonly isTernary: boolean;
  readonly scales: Float32Array;
  /** Trits, five to a byte. */
  readonly isPacked?: boolean;
  /** Of each filter that is not ternary. */
  readonly bits?: readonly number[];
}

/** What float32 and accelerators hold exactly, with a sign: sums with their bias stay below, where the bias decides it. */
const largestSum = 2 ** 23 - 1;

/**
 * Coarser weights for filters whose sums fit 24 bits without their bias and not with it: what the bias outweighs needs
 * no fine steps.
 */
function makeRoom(stored: Stored, linear: Linear, axis: number, { scale, zero }: Levels): Stored {
  const { values, isTernary, scales } = stored;
  if (isTernary) return stored;
  const exact = linear.weight.constant!.data as Float32Array;
  const codes = values.data as Int8Array;
  const of = filterOf(values.dims, axis);
  const [positive, negative] = [new Float64Array(linear.filters), new Float64Array(linear.filters)];
  for (const [i, q] of codes.entries()) (q > 0 ? positive : negative)[of(i)]! += Math.abs(q);
  const factors = scales.map((s, f) => {
    const [p, n] = [positive[f]!, negative[f]!];
    const bare = Math.max(127 * p + 128 * n, 128 * p + 127 * n);
    const bias = linear.bias[f]! / (scale * s);
    const reach = Math.max(bias + (255 - zero) * p + zero * n, zero * p + (255 - zero) * n - bias);
    // weights are rounded again, and biases are corrected for that
    return bare < largestSum && reach > 0.99 * largestSum ? reach / (0.98 * largestSum) : 1;
  });
  if (factors.every((factor) => factor === 1)) return stored;
  const wider = scales.map((s, f) => s * factors[f]!);
  const data = codes.map((q, i) => (factors[of(i)] === 1 ? q : roundEven(exact[i]! / wider[of(i)]!)));
  return { ...stored, values: { ...values, data }, scales: wider };
}

/** A filter whose bias is out of proportion to its weights contributes its bias alone, and gets a scale that suits that. */
function adaptToBias(stored: Stored, linear: Linear, axis: number, unit: number): Stored {
  const { values, scales } = stored;
  const { bias, filters } = linear;
  const adapted = scales.slice();
  const isLost = new Uint8Array(filters);
  for (let f = 0; f < filters; f++) {
    const needed = Math.abs(bias[f]!) / (unit * largestBias);
    if (scales[f]! >= needed) continue;
    adapted[f] = needed;
    isLost[f] = 1;
  }
  if (!isLost.includes(1)) return stored;
  const inner = values.data.length / filters;
  const data = (values.data as Int8Array).map((v, i) => {
    return isLost[axis === 0 ? Math.floor(i / inner) : i % filters] ? 0 : v;
  });
  return { ...stored, values: { ...values, data }, scales: adapted };
}

function storedForm(
  { linear, axis, planned }: { readonly linear: Linear; readonly axis: number; readonly planned: BitsByNode },
  rows: RowScales,
  { filters, ternary: form }: ExportForms,
): Stored {
  const tensor = linear.weight.constant!;
  const ternary = rows.get(linear.weight);
  if (ternary) {
    const values: Tensor = {
      dtype: 'int8',
      dims: tensor.dims,
      data: Int8Array.from(ternary.codes.data as Float32Array),
    };
    const scales = Float32Array.from(ternary.scales);
    return { values, isTernary: true, scales, isPacked: form === 'five-trit' };
  }
  const bits = bitsOfFilters(linear.node, tensor, axis, filters, planned);
  const { values, scales } = quantizeFilters(tensor, axis, bits);
  return { values: { dtype: 'int8', dims: tensor.dims, data: values }, isTernary: false, scales, bits };
}

/**
 * Rounding the weights by D shifts each output by D E[x] on average; the bias takes that back (Nagel et al., arXiv
 * 1906.04721). Padding is neglected.
 */
function correctBias(
  linear: Linear,
  values: Tensor,
  scales: Float32Array,
  axis: number,
  means: Float64Array | undefined,
): Float64Array {
  if (!means || means.length !== linear.inputs) return linear.bias;
  const { weight } = linear;
  const exact = weight.constant!;
  const of = filterOf(exact.dims, axis);
  const rounding = (values.data as Int8Array).entries();
  const differences = Float32Array.from(rounding, ([i, q]) => q * scales[of(i)]! - (exact.data as Float32Array)[i]!);
  weight.constant = f32(exact.dims, differences);
  const shift = linear.response(means);
  weight.constant = exact;
  return linear.bias.map((b, f) => b - shift[f]!);
}

/** Brings the weights of all layers with a quantized input to that form, in place. AbortError after the signal. */
export async function storeIntegers(
  graph: Graph,
  to: Emitter,
  rows: RowScales,
  quantization: Quantization,
  forms: ExportForms,
  planned: BitsByNode,
  signal?: AbortSignal,
): Promise<void> {
  for (const node of [...graph.nodes]) {
    const linear = Linear.of(node);
    const input = linear && quantization.get(node.inputs[0]);
    if (!linear || !input) continue;
    await takeTurn(signal);
    if (!graph.outputs.includes(node.output())) graph.rename(node.output(), to.freshName());
    const axis = filterAxis(node);
    const unit = input.constants.levels.scale;
    const stored = makeRoom(storedForm({ linear, axis, planned }, rows, forms), linear, axis, input.constants.levels);
    const { values, isTernary, scales, isPacked, bits } = adaptToBias(stored, linear, axis, unit);
    const { hasBias, weight } = linear;
    const bias = hasBias && !isTernary ? correctBias(linear, values, scales, axis, input.means) : linear.bias;
    const biasName = node.inputs[2]?.name ?? '';
    to.before = node;
    const weightName = takeName(graph, weight);
    const isOne = scales.every((s) => s === scales[0]);
    const scale = isOne
      ? to.once(`scale ${scales[0]}`, () => to.constant('s', f32([], scales.slice(0, 1))))
      : to.constant(`${node.name}_scale`, f32([scales.length], scales));
    const along = (a: number) => (isOne ? {} : { axis: int(a) });
    const codes = { data: values.data as Int8Array, dims: values.dims };
    const integers = isPacked
      ? emitPacked(to, weightName, codes.data, codes.dims, 'int8', fiveTrits)
      : emitParts(to, weightName, axis, bits ?? [8], (part, own, some) => {
          const isAll = bits === undefined || some.length === bits.length;
          return emitIntegers(to, part, isAll ? codes : pickFilters(codes, axis, some), own, 'int8');
        });
    // ONNX Runtime's Gemm wants zero points said, its Conv takes their absence
    const zeros = node.op === 'Gemm' ? [emitZeros(to, isOne ? [] : [scales.length])] : [];
    node.setInput(1, to.op('DequantizeLinear', [integers, scale, ...zeros], along(axis)));
    graph.removeValue(weight);
    if (!hasBias) continue;
    const old = node.input(2);
    takeName(graph, old);
    const units = bias.map((b, f) => roundEven(b / (unit * scales[f]!)));
    const integer = to.constant(biasName, { dtype: 'int32', dims: [bias.length], data: Int32Array.from(units) });
    const step = to.op('Mul', [scale, input.constants.scale]);
    node.setInput(2, to.op('DequantizeLinear', [integer, step], along(0)));
    if (old.uses.size === 0) graph.removeValue(old);
  }
}

function emitZeros(to: Emitter, dims: readonly number[]): Value {
  const count = elementCount(dims);
  return to.shared(`zeros_${dims.join('x')}`, () => ({ dtype: 'int8', dims, data: new Int8Array(count) }));
}

/** Frees a constant's name for what is stored in its place. */
function takeName(graph: Graph, value: Value): string {
  const { name } = value;
  graph.rename(value, graph.freshName(`${name}_float`));
  return name;
}
