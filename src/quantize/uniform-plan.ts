/** The uniform plans of the papers: the same method and the same ratios in every layer. */

import { type Graph, TritbankError } from '../ir/index.ts';
import { findLayers, type Layer, type LayerKind } from './layers.ts';
import { bankPlan, type LayerPlan, type Plan, upTo } from './plan.ts';
import type { Granularity } from './ternarize.ts';

export interface PlanOptions {
  readonly method: 'fp' | 'twn' | 'strassen' | 'hybrid';
  /** Fraction of a bank's filters kept in full precision, in [0, 1]; used by `hybrid`. Default 0.5. */
  readonly alpha?: number;
  /** Hidden units per ternary filter, above 0; used by `strassen` and `hybrid`. Default 2 and 1.25. */
  readonly widthRatio?: number;
  readonly granularity?: Granularity;
  /**
   * Kinds of layers to compress; by default as the papers do: TWN everything, the others first, pointwise and
   * classifier, and `conv` where the network has no pointwise layers.
   */
  readonly kinds?: readonly LayerKind[];
  /** Names of the layers to compress, whatever their kinds. */
  readonly layers?: readonly string[];
  /**
   * Per layer one number per filter, how much is lost if it is ternary: of `hybrid` banks the filters with the largest
   * ones stay in full precision. Without it the first ones do: of a network that is trained from scratch, any filters
   * may. A bank whose filters are all of one kind needs none.
   */
  readonly sensitivity?: Readonly<Record<string, ArrayLike<number>>>;
}

/** Indices of the `count` largest values, ascending; of equal ones the first. */
export function largest(values: ArrayLike<number>, count: number): number[] {
  const indices = Array.from(values, (_, i) => i).sort((i, j) => values[j]! - values[i]! || i - j);
  return indices.slice(0, count).sort((i, j) => i - j);
}

function defaultKinds(method: PlanOptions['method'], found: readonly Layer[]): readonly LayerKind[] {
  if (method === 'twn') return ['first', 'depthwise', 'pointwise', 'conv', 'classifier'];
  const most = found.some((l) => l.kind === 'pointwise') ? 'pointwise' : 'conv';
  return ['first', most, 'classifier'];
}

/**
 * The uniform plan of a paper: TWN (Li & Liu), StrassenNets (Tschannen et al.) with `r = widthRatio * filters`,
 * hybrid filter banks (Gope et al., arXiv 1911.01028, section 3) with `r = widthRatio * (number of ternary filters)`.
 * A classifier is wholly strassenified, with at most as many hidden units as it has inputs (512 in MobileNet-V1 0.5,
 * as in the papers). Depthwise and other grouped convolutions have no filter banks and stay as they are, unless the
 * method is TWN. Throws E_USAGE for alpha outside [0, 1], a width ratio that is not positive, and sensitivities that
 * are absent, of another length or not numbers; E_MODEL when no layer can be compressed.
 *
 * @example
 * import { loadModel, makePlan, normalizeNetwork } from 'tritbank/graph';
 *
 * const graph = normalizeNetwork(await loadModel('mobilenet.onnx'));
 * const { layers } = makePlan(graph, { method: 'hybrid', alpha: 0.5, widthRatio: 1.25 });
 */
export function makePlan(graph: Graph, options: PlanOptions): Plan {
  const { method, alpha = 0.5, widthRatio = method === 'strassen' ? 2 : 1.25, granularity = 'tensor' } = options;
  if (!(alpha >= 0 && alpha <= 1)) throw new TritbankError('E_USAGE', 'alpha', `expected 0 to 1, found ${alpha}`);
  if (!(widthRatio > 0 && Number.isFinite(widthRatio))) {
    throw new TritbankError('E_USAGE', 'width ratio', `expected a number above 0, found ${widthRatio}`);
  }
  if (method === 'fp') return { layers: {} };
  const found = findLayers(graph);
  const kinds = options.kinds ?? defaultKinds(method, found);
  const names = options.layers && new Set(options.layers);
  const isChosen = (layer: Layer) => (names ? names.has(layer.name) : kinds.includes(layer.kind));
  const chosen = found.filter((l) => isChosen(l) && (method === 'twn' || l.node.int('group', 1) === 1));
  if (chosen.length === 0) {
    const wanted = names ? `named ${[...names].join(', ')}` : `of kind ${kinds.join(', ')}`;
    const message = `expected layers ${wanted} to compress, found none among ${found.length} layers`;
    throw new TritbankError('E_MODEL', `graph '${graph.name}'`, message);
  }
  const planOf = (layer: Layer): LayerPlan => {
    if (method === 'twn') return { method, granularity };
    const kept = method === 'strassen' || layer.kind === 'classifier' ? 0 : Math.round(alpha * layer.filters);
    return bankPlan(layer.filters, choose(layer, kept, options.sensitivity), hiddenUnits(layer, kept, widthRatio));
  };
  return { layers: Object.fromEntries(chosen.map((layer) => [layer.name, planOf(layer)])) };
}

function hiddenUnits({ kind, filters, inputs }: Layer, kept: number, widthRatio: number): number {
  const wanted = Math.max(1, Math.round(widthRatio * (filters - kept)));
  return kind === 'classifier' ? Math.min(inputs, wanted) : wanted;
}

/** The `kept` filters that stay in full precision. */
function choose({ name, filters }: Layer, kept: number, sensitivity: PlanOptions['sensitivity']): number[] {
  if (!sensitivity || kept === 0 || kept === filters) return upTo(kept);
  const values = Array.from(Object.hasOwn(sensitivity, name) ? sensitivity[name]! : []);
  if (values.length === filters && !values.some(Number.isNaN)) return largest(values, kept);
  const found = values.length === filters ? 'some that are none' : values.length || 'none';
  const message = `expected ${filters} numbers, found ${found}`;
  throw new TritbankError('E_USAGE', `sensitivity of layer '${name}'`, message);
}
