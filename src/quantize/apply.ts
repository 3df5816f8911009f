/**
 * Rewrites a network by a plan: convolutions and Gemms become ternary weight layers, strassenified layers or hybrid
 * filter banks, with latent full-precision weights that training ternarizes later (`phases.ts`).
 *
 *   strassenified convolution   y = Wc (BN(Wb x) * a)      (Tschannen et al., arXiv 1712.03942, section 2.2)
 *   hybrid filter bank          y = [W x ; Wc (BN(Wb x) * a)]   (Gope et al., arXiv 1911.01028, section 3)
 *
 * The batch norm on the hidden channels has no scale of its own; `a` takes that place, and its shift is left out
 * because the batch norm behind the layer removes any constant. Of a Gemm, all three matrices are Gemms
 * (`x W^T`, `x Wb^T`, `h Wc^T`) on `[N, channels]`. The full-precision filters of a bank come first: `order-filters.ts`
 * brings them there. Left out: banks of grouped convolutions.
 */

import {
  elementCount,
  f32,
  float,
  type Graph,
  int,
  ints,
  Random,
  type Tensor,
  TritbankError,
  type Value,
} from '../ir/index.ts';
import { Builder } from '../ops/index.ts';
import { findLayers, type Layer, weightRows } from './layers.ts';
import { orderFilters, traceFilters } from './order-filters.ts';
import { type BankPlan, checkPlan, type FilterBits, type LayerPlan, type Plan } from './plan.ts';
import type { Granularity } from './ternarize.ts';

/** A ternary weight of a rewritten network. */
export interface TernaryWeight {
  /** Name of the initializer with the latent weights. */
  readonly name: string;
  readonly granularity: Granularity;
  /**
   * Where the frozen scale goes: `weight` multiplies the weights; `hidden` leaves it to the batch norm behind Wb,
   * whose name follows; `a` absorbs it into the scales of that name.
   */
  readonly scale:
    | { readonly into: 'weight' }
    | { readonly into: 'hidden'; readonly norm: string }
    | { readonly into: 'a'; readonly name: string };
}

/** A weight of a network whose filters have few bits. */
export interface RoundedWeight {
  /** Name of the initializer with the latent weights, filters first. */
  readonly name: string;
  /** Name of the node that reads it. */
  readonly node: string;
  /** One for each filter. */
  readonly bits: readonly FilterBits[];
}

export interface QuantizedNetwork {
  readonly graph: Graph;
  readonly ternary: readonly TernaryWeight[];
  /** Weights whose filters have few bits. */
  readonly rounded: readonly RoundedWeight[];
  /** Initializers that training must not touch (zero shifts of hidden batch norms). */
  readonly fixed: ReadonlySet<string>;
}

/** Names of what a bank consists of: nodes, and initializers with its weights. */
export interface BankParts {
  /** The node of the full-precision filters; undefined where there are none. */
  readonly kept: string | undefined;
  /** The batch norm behind Wb, whose scale is `a`. */
  readonly norm: string;
  /** The node that multiplies by Wc. */
  readonly combine: string;
  readonly wb: string;
  readonly wc: string;
}

/** The network of a plan. */
export interface PlannedNetwork extends QuantizedNetwork {
  /** The network as it was, with its filters in the order of the banks: the same outputs. */
  readonly base: Graph;
  /** By the names of the layers that became banks. */
  readonly banks: ReadonlyMap<string, BankParts>;
}

/** Normal with variance 2 / (fan in + fan out) (Glorot & Bengio 2010). */
function xavier(dims: readonly number[], seed: number, name: string): Tensor {
  const [filters, inputs, ...kernel] = dims as [number, number, ...number[]];
  const deviation = Math.sqrt(2 / ((filters + inputs) * elementCount(kernel)));
  const random = new Random(seed, name);
  return f32(
    dims,
    Float32Array.from({ length: elementCount(dims) }, () => random.normal() * deviation),
  );
}

/** Brings a Gemm to the form `x W^T + c` with W `[filters, inputs]`, whose filters can have scales of their own. */
function putFiltersFirst(layer: Layer): Value {
  const { node, weight, filters, inputs } = layer;
  if (node.int('transA', 0) || node.float('alpha', 1) !== 1 || node.float('beta', 1) !== 1) {
    throw new TritbankError('E_MODEL', node.label, 'expected neither transA nor alpha nor beta in a ternary layer');
  }
  if (node.int('transB', 0)) return weight;
  const transposed = weight.graph.initializer(`${weight.name}_t`, f32([filters, inputs], weightRows(layer)));
  node.setInput(1, transposed);
  node.attributes = { ...node.attributes, transB: int(1) };
  if (weight.uses.size === 0) weight.graph.removeValue(weight);
  return transposed;
}

class Rewriter {
  readonly ternary: TernaryWeight[] = [];
  readonly rounded: RoundedWeight[] = [];
  readonly fixed = new Set<string>();
  readonly banks = new Map<string, BankParts>();

  constructor(
    private readonly graph: Graph,
    private readonly draw: (dims: readonly number[], name: string) => Tensor,
    /** In which order the filters of a layer are now. */
    private readonly orderOf: (layer: string) => readonly number[],
  ) {}

  rewrite(layer: Layer, plan: LayerPlan): void {
    if (plan.method === 'fp') {
      if (plan.bits) this.round(layer, plan.bits);
      return;
    }
    if (plan.method === 'twn') {
      const { name } = layer.node.op === 'Gemm' ? putFiltersFirst(layer) : layer.weight;
      if (this.ternary.some((t) => t.name === name)) return;
      this.ternary.push({ name, granularity: plan.granularity, scale: { into: 'weight' } });
      return;
    }
    this.bank(layer, plan);
  }

  private round(layer: Layer, bits: readonly FilterBits[]): void {
    const { node } = layer;
    const weight = node.op === 'Gemm' ? putFiltersFirst(layer) : layer.weight;
    // one form only of what two layers share
    if (weight.uses.size > 1) return;
    this.rounded.push({ name: weight.name, node: node.name, bits: this.orderOf(layer.name).map((f) => bits[f]!) });
  }

  private bank(layer: Layer, { fullPrecision, hidden, bits }: BankPlan): void {
    const { node, name } = layer;
    const kept = fullPrecision.length;
    const original = node.op === 'Gemm' ? putFiltersFirst(layer) : layer.weight;
    const b = new Builder(this.graph, `${name}_`, node);
    const x = node.input(0);
    const parts: Value[] = [];
    if (kept > 0) {
      const dims = original.dims.with(0, kept);
      const data = (original.constant!.data as Float32Array).slice(0, elementCount(dims));
      const weight = b.constant('fp_weight', f32(dims, data));
      parts.push(b.op(node.op, [x, weight], node.attributes, 'fp'));
      // ascending in both orders
      if (bits) this.rounded.push({ name: weight.name, node: parts[0]!.producer!.name, bits });
    }
    const strassen = this.strassen(b, layer, original.dims.with(0, hidden), layer.filters - kept);
    this.banks.set(name, { kept: parts[0]?.producer?.name, ...strassen.parts });
    parts.push(strassen.y);
    let y = parts.length > 1 ? b.op('Concat', parts, { axis: int(1) }, 'bank') : parts[0]!;
    const bias = node.inputs[2];
    if (bias) y = b.add(y, node.op === 'Gemm' ? bias : b.reshape(bias, [1, layer.filters, 1, 1]));
    const output = node.output();
    const isReturned = this.graph.outputs.includes(output);
    output.replaceAllUsesWith(y);
    this.graph.remove(node);
    if (isReturned) this.graph.rename(y, output.name);
    if (original.uses.size === 0) this.graph.removeValue(original);
  }

  /** `Wc (BN(Wb x) * a)` with Wb of `hiddenDims`, beginning with r, and `filters` rows in Wc. */
  private strassen(b: Builder, layer: Layer, hiddenDims: readonly number[], filters: number) {
    const { node, name } = layer;
    const [hidden, , ...kernel] = hiddenDims as [number, number, ...number[]];
    const wb = b.constant('wb', this.draw(hiddenDims, `${name}_wb`));
    const wc = b.constant('wc', this.draw([filters, hidden, ...kernel.map(() => 1)], `${name}_wc`));
    const filled = (name: string, value: number) =>
      b.constant(name, f32([hidden], new Float32Array(hidden).fill(value)));
    const a = filled('a', 1);
    const shift = filled('hidden_shift', 0);
    const norm = [a, shift, filled('hidden_mean', 0), filled('hidden_variance', 1)];
    const h = b.op(node.op, [node.input(0), wb], node.attributes, 'hidden');
    const scaled = b.node('BatchNormalization', [h, ...norm], { epsilon: float(1e-5) }, 1, 'hidden_bn');
    this.fixed.add(shift.name);
    const granularity = 'tensor';
    this.ternary.push({ name: wb.name, granularity, scale: { into: 'hidden', norm: scaled.name } });
    this.ternary.push({ name: wc.name, granularity, scale: { into: 'a', name: a.name } });
    const combine = node.op === 'Gemm' ? { transB: int(1) } : { kernel_shape: ints([1, 1]) };
    const y = b.op(node.op, [scaled.output(), wc], combine, 'ternary');
    return { y, parts: { norm: scaled.name, combine: y.producer!.name, wb: wb.name, wc: wc.name } };
  }
}

export interface ApplyOptions {
  /** `zero`: factors Wb and Wc of zeros, for what depends on shapes alone or for factors that come from elsewhere. */
  readonly factors?: 'drawn' | 'zero';
}

/**
 * The network of `plan`, with fresh factors drawn from `seed`; `graph` (shapes inferred) is not changed, and its
 * outputs keep their names. Throws E_USAGE for a plan that does not fit the graph (`checkPlan`), E_MODEL for a layer
 * of a form that has no ternary layers or no filter banks, E_UNSUPPORTED for banks whose filters can only move
 * together.
 *
 * @example
 * import { applyPlan, loadModel, makePlan, normalizeNetwork } from 'tritbank/graph';
 *
 * const graph = normalizeNetwork(await loadModel('mobilenet.onnx'));
 * const network = applyPlan(graph, makePlan(graph, { method: 'hybrid', alpha: 0.5 }), 1);
 * console.log(network.ternary.map(({ name }) => name));
 */
export function applyPlan(graph: Graph, plan: Plan, seed: number, options: ApplyOptions = {}): PlannedNetwork {
  checkPlan(plan, graph);
  const base = orderFilters(graph, plan);
  const copy = base.clone();
  const { factors = 'drawn' } = options;
  const isRounded = Object.values(plan.layers).some((layer) => layer.method === 'fp' && layer.bits);
  const origins = isRounded ? traceFilters(graph, plan) : undefined;
  const rewriter = new Rewriter(
    copy,
    (dims, name) => (factors === 'zero' ? f32(dims) : xavier(dims, seed, name)),
    (layer) => origins!.get(layer)!.rows,
  );
  for (const layer of findLayers(copy)) {
    const layerPlan = plan.layers[layer.name];
    if (layerPlan) rewriter.rewrite(layer, layerPlan);
  }
  const { ternary, rounded, fixed, banks } = rewriter;
  return { base, graph: copy, ternary, rounded, fixed, banks };
}
