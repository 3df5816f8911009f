/**
 * A plan says what each layer of a network becomes; it is plain JSON that a person can read and edit. `uniform-plan.ts`
 * has the plans of the papers, `compress/planning` optimises one, `apply.ts` rewrites a network by one, and
 * `cost/plan-file.ts` keeps one in a file, beside the budget and the predictions that led to it.
 */

import { type Graph, TritbankError } from '../ir/index.ts';
import { findLayers } from './layers.ts';
import type { Granularity } from './ternarize.ts';

/** A layer whose ternary filters are strassenified: all of them, or beside others that stay in full precision. */
export interface BankPlan {
  readonly method: 'strassen' | 'hybrid';
  /**
   * Indices of the filters that stay in full precision, ascending, in the network that the plan is for. None for
   * `strassen`, at least one and not all for `hybrid`.
   */
  readonly fullPrecision: readonly number[];
  /** Hidden units r of the strassenified part, at least 1. */
  readonly hidden: number;
  /** What a non-zero costs in the decomposition that training starts from, as in `DecomposeOptions`; default 0. */
  readonly sparsity?: number;
  /** Bits that each full-precision filter is stored in, in the order of `fullPrecision`; default: the file's. */
  readonly bits?: readonly FilterBits[];
}

/** Bits of a full-precision filter's weights: integers with one scale per filter, or float16. */
export const filterBits = [4, 8, 16] as const;
export type FilterBits = (typeof filterBits)[number];

/** A layer without ternary filters. */
export interface FullPlan {
  readonly method: 'fp';
  /** Bits that each filter is stored in; default: the file's. */
  readonly bits?: readonly FilterBits[];
}

export type LayerPlan = FullPlan | { readonly method: 'twn'; readonly granularity: Granularity } | BankPlan;

/** Per layer name. Layers that are not named stay in full precision. */
export interface Plan {
  readonly layers: Readonly<Record<string, LayerPlan>>;
}

export const isBank = (plan: LayerPlan): plan is BankPlan => plan.method === 'strassen' || plan.method === 'hybrid';

/**
 * The plan of a layer of `filters` filters of which `fullPrecision` (indices, ascending) stay, the others with
 * `hidden` hidden units; `fp` where all do.
 *
 * @example
 * import { bankPlan } from 'tritbank/graph';
 *
 * const half = bankPlan(8, [0, 2, 5, 6], 5); // a hybrid bank of 4 full-precision and 4 ternary filters
 * const none = bankPlan(8, [], 8); // strassenified
 */
export function bankPlan(filters: number, fullPrecision: readonly number[], hidden: number, sparsity = 0): LayerPlan {
  if (fullPrecision.length === filters) return { method: 'fp' };
  const method = fullPrecision.length > 0 ? 'hybrid' : 'strassen';
  return { method, fullPrecision, hidden, ...(sparsity > 0 && { sparsity }) };
}

/** The plan of a layer of `filters` filters that are all stored in `bits` bits. */
export const inBits = (filters: number, bits: FilterBits): FullPlan => ({
  method: 'fp',
  bits: Array<FilterBits>(filters).fill(bits),
});

/** 0 to `count` - 1. */
export const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

/** The indices of a layer's filters that are not in `some`, ascending. */
export function otherFilters(filters: number, some: readonly number[]): number[] {
  const set = new Set(some);
  return upTo(filters).filter((i) => !set.has(i));
}

/** The filters in the places that they have in the rewritten bank: full-precision ones first, both groups ascending. */
export const filterOrder = (filters: number, { fullPrecision }: BankPlan): number[] => [
  ...fullPrecision,
  ...otherFilters(filters, fullPrecision),
];

/** What is wrong with a layer's plan by itself: the field, and what was expected and found; undefined where nothing is. */
export function faultOf(plan: LayerPlan): { key: keyof BankPlan; expected: string; found: string } | undefined {
  const odd = plan.method === 'twn' ? undefined : plan.bits?.find((one) => !filterBits.includes(one));
  if (odd !== undefined) return { key: 'bits', expected: filterBits.join(', '), found: `${odd}` };
  if (!isBank(plan)) return undefined;
  const { method, fullPrecision, hidden, sparsity = 0, bits } = plan;
  const isAscending = fullPrecision.every((f, i) => Number.isInteger(f) && f > (fullPrecision[i - 1] ?? -1));
  const list = `[${fullPrecision.join(', ')}]`;
  if (!isAscending) return { key: 'fullPrecision', expected: 'indices in ascending order', found: list };
  if (method === 'strassen' && fullPrecision.length > 0) {
    return { key: 'fullPrecision', expected: 'none for strassen', found: list };
  }
  if (method === 'hybrid' && fullPrecision.length === 0) {
    return { key: 'fullPrecision', expected: 'at least one filter for hybrid', found: 'none' };
  }
  if (!(Number.isInteger(hidden) && hidden >= 1)) {
    return { key: 'hidden', expected: 'a whole number of at least 1', found: `${hidden}` };
  }
  if (!(sparsity >= 0 && Number.isFinite(sparsity))) {
    return { key: 'sparsity', expected: 'a number of at least 0', found: `${sparsity}` };
  }
  if (bits && bits.length !== fullPrecision.length) {
    return { key: 'bits', expected: `${fullPrecision.length}, one for each of fullPrecision`, found: `${bits.length}` };
  }
  return undefined;
}

/**
 * Checks that a plan fits a network. `where`, a file or `plan`, begins the place in an error. Throws E_USAGE for a
 * layer that the network does not have, for filters that a layer does not have or has no others beside, and for sizes
 * that are none; E_MODEL for a bank of a grouped convolution.
 *
 * @example
 * import { bankPlan, checkPlan, findLayers, loadModel, normalizeNetwork } from 'tritbank/graph';
 *
 * const graph = normalizeNetwork(await loadModel('mobilenet.onnx'));
 * const { name, filters } = findLayers(graph)[0]!;
 * checkPlan({ layers: { [name]: bankPlan(filters, [0, 1], filters) } }, graph);
 */
export function checkPlan({ layers }: Plan, graph: Graph, where = 'plan'): void {
  const known = new Map(findLayers(graph).map((layer) => [layer.name, layer]));
  for (const [name, planned] of Object.entries(layers)) {
    const place = `${where} layers.${name}`;
    const layer = known.get(name);
    if (!layer) {
      const names = [...known.keys()].join(', ');
      throw new TritbankError('E_USAGE', place, `expected one of the model's layers (${names}), found another name`);
    }
    const fail = (key: string, expected: string, found: string) => {
      throw new TritbankError('E_USAGE', `${place}.${key}`, `expected ${expected}, found ${found}`);
    };
    const fault = faultOf(planned);
    if (fault) fail(fault.key, fault.expected, fault.found);
    if (planned.method === 'fp' && planned.bits && planned.bits.length !== layer.filters) {
      fail('bits', `${layer.filters}, one for each filter`, `${planned.bits.length}`);
    }
    if (!isBank(planned)) continue;
    const { fullPrecision, method } = planned;
    const last = fullPrecision.at(-1) ?? 0;
    if (last >= layer.filters) fail('fullPrecision', `indices from 0 to ${layer.filters - 1}`, `${last}`);
    if (fullPrecision.length === layer.filters) {
      fail('fullPrecision', `fewer than all ${layer.filters} filters, or the method fp`, 'all of them');
    }
    if (layer.node.int('group', 1) > 1) {
      const expected = 'fp for a grouped convolution, which has no filter banks';
      throw new TritbankError('E_MODEL', `${place}.method`, `expected ${expected}, found ${method}`);
    }
  }
}
