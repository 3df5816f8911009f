/**
 * Where fine-tuning begins: the values that make a rewritten network compute what a decomposition W ~ Wc diag(a) Wb
 * with ternary Wb, Wc says (a semi-discrete decomposition: Kolda & O'Leary 1998), before a single step.
 */

import { elementCount, f32, isTernary, type Node, type Tensor, TritbankError } from '../ir/index.ts';
import type { PlannedNetwork } from './apply.ts';

/** The decomposition of one layer's ternary filters, r hidden units: `filters(x) ~ wc diag(a) wb x`. */
export interface Factors {
  /** -1, 0 and 1; `[r, inputs, kh, kw]`, of a Gemm `[r, inputs]`. */
  readonly wb: Tensor;
  /** -1, 0 and 1; `[filters, r, 1, 1]`, of a Gemm `[filters, r]`. */
  readonly wc: Tensor;
  /** One scale per hidden unit. */
  readonly a: ArrayLike<number>;
}

/**
 * Latent weights of a ternary factor: s T with a power of two s. The quantizer of `quantize/ternarize.ts` gives exactly
 * s T back: its threshold 0.7 s (share of non-zeros) is below s, the mean of the kept magnitudes is s, and sums of
 * powers of two are exact. s brings the root mean square near that of fresh factors (Glorot & Bengio 2010), on which
 * the step width of scale-invariant weights depends.
 */
export function latentOf(factor: Tensor): { latent: Tensor; scale: number } {
  const [filters, inputs, ...kernel] = factor.dims as [number, number, ...number[]];
  const data = factor.data as Float32Array;
  const nonZero = data.reduce((n, v) => n + (v === 0 ? 0 : 1), 0);
  const deviation = Math.sqrt(2 / ((filters + inputs) * elementCount(kernel)));
  const share = nonZero > 0 ? nonZero / data.length : 1;
  const scale = 2 ** Math.round(Math.log2(deviation / Math.sqrt(share)));
  const latent = f32(
    factor.dims,
    data.map((v) => v * scale),
  );
  return { latent, scale: nonZero > 0 ? scale : 1 };
}

/**
 * The initializers, by name, with which `quantized` (as `applyPlan` returns it) computes the decomposed layers, up to
 * rounding, in all three phases. `factors` by layer name; layers that it does not name keep what they have. Hidden
 * batch norms get mean 0, variance 1 and a scale that undoes these (see `settleBatchNorms` for statistics that fit).
 * Throws E_USAGE for factors that are not ternary, of another shape, or of a layer without them.
 *
 * @example
 * import { applyPlan, f32, findLayers, initialState, loadModel, makePlan, normalizeNetwork } from 'tritbank/graph';
 *
 * const graph = normalizeNetwork(await loadModel('mobilenet.onnx'));
 * const { name, filters, inputs, kernel } = findLayers(graph)[0]!;
 * const network = applyPlan(graph, makePlan(graph, { method: 'strassen', kinds: ['first'], widthRatio: 1 }), 1);
 * const wb = f32([filters, inputs, ...kernel], Array(filters * inputs * kernel[0] * kernel[1]).fill(1));
 * const wc = f32([filters, filters, 1, 1], Array(filters ** 2).fill(-1));
 * const state = initialState(network, new Map([[name, { wb, wc, a: Array(filters).fill(0.1) }]]));
 */
export function initialState(quantized: PlannedNetwork, factors: ReadonlyMap<string, Factors>): Map<string, Tensor> {
  const state = new Map<string, Tensor>();
  for (const [layer, { wb, wc, a }] of factors) {
    const bank = quantized.banks.get(layer);
    const norm = bank && quantized.graph.nodes.find((n) => n.name === bank.norm);
    if (!norm) {
      const message = 'expected a strassenified layer or a hybrid bank, found none';
      throw new TritbankError('E_USAGE', `factors of ${layer}`, message);
    }
    const [outer, inner] = [latentOf(wc), latentOf(wb)];
    put(quantized, state, bank.wb, wb, inner.latent);
    put(quantized, state, bank.wc, wc, outer.latent);
    const [gamma, , mean, variance] = [1, 2, 3, 4].map((i) => norm.input(i)) as [V, V, V, V];
    const hidden = gamma.dims[0]!;
    if (a.length !== hidden) {
      throw new TritbankError('E_USAGE', `factors of ${layer}`, `expected ${hidden} scales, found ${a.length}`);
    }
    // Wc (BN(Wb x)) = s_c Tc (gamma / sqrt(1 + eps)) s_b Tb x
    const undo = Math.sqrt(1 + norm.float('epsilon', 1e-5)) / (outer.scale * inner.scale);
    state.set(
      gamma.name,
      f32(
        [hidden],
        Float64Array.from(a, (v) => v * undo),
      ),
    );
    state.set(mean.name, f32([hidden]));
    state.set(variance.name, f32([hidden], new Float32Array(hidden).fill(1)));
  }
  return state;
}

type V = ReturnType<Node['input']>;

function put(
  { graph }: PlannedNetwork,
  state: Map<string, Tensor>,
  name: string,
  factor: Tensor,
  latent: Tensor,
): void {
  const [expected, found] = [graph.value(name).dims, factor.dims].map((dims) => `[${dims.join(', ')}]`);
  if (expected !== found) throw new TritbankError('E_USAGE', name, `expected a factor ${expected}, found ${found}`);
  if (!isTernary(factor)) throw new TritbankError('E_USAGE', name, 'expected -1, 0 and 1, found other values');
  state.set(name, latent);
}
