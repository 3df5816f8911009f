/**
 * A plan says what each layer becomes; it is plain JSON that a person can read and edit. `makePlan` gives the uniform
 * plans of the papers; rewriting a graph by a plan is `apply.ts`.
 */

import { type Graph, TritbankError } from '../ir/index.ts';
import { findLayers, type Layer, type LayerKind } from './layers.ts';
import type { Granularity } from './ternarize.ts';

export type LayerPlan =
  | { readonly method: 'fp' }
  | { readonly method: 'twn'; readonly granularity: Granularity }
  | {
      readonly method: 'strassen' | 'hybrid';
      /** Filters that stay full-precision: the first ones of the bank. 0 for `strassen`. */
      readonly fullPrecision: number;
      /** Hidden units r of the strassenified part. */
      readonly hidden: number;
    };

/** Per layer name. Layers that are not named stay in full precision. */
export interface Plan {
  readonly layers: Readonly<Record<string, LayerPlan>>;
}

export interface PlanOptions {
  readonly method: 'fp' | 'twn' | 'strassen' | 'hybrid';
  /** Fraction of a bank's filters kept in full precision, in [0, 1]; used by `hybrid`. */
  readonly alpha?: number;
  /** Hidden units per ternary filter, above 0; used by `strassen` and `hybrid`. */
  readonly widthRatio?: number;
  readonly granularity?: Granularity;
  /**
   * Kinds of layers to compress; by default as the papers do: TWN everything, the others first, pointwise and
   * classifier, and `conv` where the network has no pointwise layers.
   */
  readonly kinds?: readonly LayerKind[];
}

function defaultKinds(method: PlanOptions['method'], found: readonly Layer[]): readonly LayerKind[] {
  if (method === 'twn') return ['first', 'depthwise', 'pointwise', 'conv', 'classifier'];
  const most = found.some((l) => l.kind === 'pointwise') ? 'pointwise' : 'conv';
  return ['first', most, 'classifier'];
}

/**
 * The uniform plan of a paper: TWN (Li & Liu), StrassenNets (Tschannen et al.) with `r = widthRatio * filters`, hybrid
 * filter banks (Gope et al.) with `r = widthRatio * (number of ternary filters)`. A classifier is wholly strassenified,
 * with at most as many hidden units as it has inputs (512 in MobileNet-V1 0.5, as in the papers).
 * Depthwise and other grouped convolutions have no filter banks and stay as they are, unless the method is TWN.
 * Throws E_USAGE for alpha outside [0, 1] or a width ratio that is not positive, E_MODEL when no layer can be compressed.
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
  const chosen = found.filter((l) => kinds.includes(l.kind) && (method === 'twn' || l.node.int('group', 1) === 1));
  if (chosen.length === 0) {
    const message = `expected layers of kind ${kinds.join(', ')} to compress, found none among ${found.length} layers`;
    throw new TritbankError('E_MODEL', `graph '${graph.name}'`, message);
  }
  const planOf = (layer: Layer): LayerPlan =>
    method === 'twn' ? { method, granularity } : bank(layer, method === 'hybrid' ? alpha : 0, widthRatio);
  return { layers: Object.fromEntries(chosen.map((layer) => [layer.name, planOf(layer)])) };
}

function bank(layer: Layer, alpha: number, widthRatio: number): LayerPlan {
  const isClassifier = layer.kind === 'classifier';
  const fullPrecision = isClassifier ? 0 : Math.round(alpha * layer.filters);
  const ternary = layer.filters - fullPrecision;
  if (ternary === 0) return { method: 'fp' };
  const wanted = Math.max(1, Math.round(widthRatio * ternary));
  const hidden = isClassifier ? Math.min(layer.inputs, wanted) : wanted;
  return { method: fullPrecision > 0 ? 'hybrid' : 'strassen', fullPrecision, hidden };
}
