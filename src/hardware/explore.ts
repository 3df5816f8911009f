/**
 * Many arrays for one network: cycles and synthesised areas of all, energies of those that are worth a look. What was
 * synthesised or simulated is kept, so that a search which was stopped goes on where it was.
 */

import { type ArrayParameters, macArray } from '../accelerator/index.ts';
import { paretoFront } from '../cost/pareto.ts';
import type { IntegerNetwork } from '../integer/index.ts';
import { AbortError, TritbankError } from '../ir/index.ts';
import { type Candidates, nameArray, type RefusedArray } from './candidates.ts';
import { checkControl } from './control.ts';
import {
  type ArrayFigures,
  type CycleFigures,
  clockLimitOf,
  energyWithMemory,
  type MeasureOptions,
  measureArray,
} from './measure.ts';
import { type Relative, relate } from './table.ts';

export interface ExploredArray extends CycleFigures {
  readonly name: string;
  readonly array: ArrayParameters;
  /** um2, of the core, and with its memories. */
  readonly area: number;
  readonly areaWithMemory: number;
  /** Images a second. */
  readonly throughput: number;
  /** Images a second and mm2. */
  readonly throughputPerArea: number;
  /** uJ an image; of Pareto points, if asked for. */
  readonly energy?: number;
  readonly energyWithMemory?: number;
  readonly isInBudget: boolean;
  /** Whether no other one in the budget is at least as fast and as small, and better in one. */
  readonly isPareto: boolean;
  /** MHz, by an estimate of the longest path. */
  readonly clockLimit: number;
  /** Another network: the uncompressed one, on MACs only. It is on no front. */
  readonly isControl?: boolean;
  /** As fractions of the first control's; absent without one. */
  readonly relative?: Relative;
}

export interface Exploration {
  readonly library: string;
  readonly arrays: readonly ExploredArray[];
  /** The fastest in the budget, and the one with the highest throughput per area; undefined where none is in it. */
  readonly fastest?: ExploredArray;
  readonly densest?: ExploredArray;
  /** Arrays that cannot be, and those that the network does not fit, with the reason. */
  readonly refused: readonly RefusedArray[];
}

export interface ExploreOptions extends MeasureOptions {
  readonly clockMHz: number;
  /** um2 of the core. Default: any. */
  readonly area?: number | undefined;
  /** The same network, uncompressed, in int8: measured on the candidates without adders, or on a MAC a lane. */
  readonly control?: { readonly network: IntegerNetwork; readonly image: Int8Array } | undefined;
  readonly onArray?: (done: number, total: number, name: string) => void;
}

const isRefusal = (error: unknown): error is TritbankError =>
  error instanceof TritbankError && (error.code === 'E_UNSUPPORTED' || error.code === 'E_LIMIT');

function describe(figures: ArrayFigures, { clockMHz, area: budget }: ExploreOptions): ExploredArray {
  const { array, cycles, busy, area, memory, energy } = figures;
  const withMemory = energyWithMemory(figures, clockMHz);
  const throughput = (clockMHz * 1e6) / cycles;
  return {
    ...{ name: nameArray(array), array, cycles, busy, area, throughput },
    areaWithMemory: area + memory.area,
    throughputPerArea: throughput / (area / 1e6),
    clockLimit: clockLimitOf(figures),
    ...(energy !== undefined && { energy, energyWithMemory: withMemory! }),
    isInBudget: budget === undefined || area <= budget,
    isPareto: false,
  };
}

function mark(arrays: readonly ExploredArray[]): ExploredArray[] {
  const inside = arrays.filter(({ isInBudget }) => isInBudget);
  const front = paretoFront(inside, [({ cycles }) => cycles, ({ area }) => area]);
  const best = new Set(inside.filter((_, i) => front[i]));
  return arrays.map((one) => ({ ...one, isPareto: best.has(one) }));
}

/**
 * Measures `network` on all candidates; `image` are the integers of an image. Throws what `measureArray` throws, but for
 * arrays that the network does not fit; E_USAGE where no array is possible, and for a control that is none; E_LIMIT where
 * the network fits none.
 */
export async function exploreArrays(
  network: IntegerNetwork,
  image: Int8Array,
  { arrays: candidates, refused: impossible }: Candidates,
  options: ExploreOptions,
): Promise<Exploration> {
  const { onArray, signal, hasEnergy = false, control } = options;
  if (candidates.length === 0) throw nothingLeft('E_USAGE', 'that can be', impossible);
  if (control) checkControl(network, control.network);
  // first: one that fits no array ends the search before it has begun
  const controls = await measureControl(candidates, options);
  const refused = [...impossible];
  const found: ArrayFigures[] = [];
  for (const [n, array] of candidates.entries()) {
    if (signal?.aborted) throw new AbortError('stopped between two arrays');
    onArray?.(n, candidates.length, nameArray(array));
    try {
      found.push(await measureArray(network, image, array, { ...options, hasEnergy: false }));
    } catch (error) {
      if (!isRefusal(error)) throw error;
      refused.push({ name: nameArray(array), reason: error.message });
    }
  }
  onArray?.(candidates.length, candidates.length, '');
  if (found.length === 0) throw nothingLeft('E_LIMIT', 'that the network fits', refused);
  let arrays = mark(found.map((figures) => describe(figures, options)));
  if (hasEnergy) {
    const chosen = arrays.filter(({ isPareto }) => isPareto);
    const measured = new Map<string, ExploredArray>();
    for (const [n, { name, array }] of chosen.entries()) {
      onArray?.(candidates.length, candidates.length, `energy ${n + 1}/${chosen.length}, ${name}`);
      measured.set(name, describe(await measureArray(network, image, array, { ...options, hasEnergy: true }), options));
    }
    arrays = mark(arrays.map((one) => measured.get(one.name) ?? one));
  }
  const [base] = controls;
  if (base) arrays = arrays.map((one) => ({ ...one, relative: relate(one, base) }));
  const best = (of: (one: ExploredArray) => number) =>
    arrays.filter(({ isInBudget }) => isInBudget).sort((a, b) => of(b) - of(a))[0];
  const [fastest, densest] = [best((one) => one.throughput), best((one) => one.throughputPerArea)];
  const library = found[0]?.library ?? '';
  return {
    library,
    arrays: [...arrays, ...controls.map((one) => ({ ...one, relative: relate(one, base ?? one) }))],
    ...(fastest && { fastest }),
    ...(densest && { densest }),
    refused,
  };
}

function nothingLeft(code: 'E_USAGE' | 'E_LIMIT', which: string, refused: readonly RefusedArray[]): TritbankError {
  const [first] = refused;
  const said = first ? `none of ${refused.length}: ${first.name}: ${first.reason}` : 'none';
  return new TritbankError(code, 'arrays', `expected one ${which}, found ${said}`);
}

async function measureControl(
  candidates: readonly ArrayParameters[],
  options: ExploreOptions,
): Promise<ExploredArray[]> {
  const { control, onArray, hasEnergy = false } = options;
  if (!control) return [];
  const macs = candidates.filter(({ adders }) => adders === 0);
  const rows: ExploredArray[] = [];
  for (const array of macs.length > 0 ? macs : [macArray]) {
    onArray?.(0, candidates.length, `control, ${nameArray(array)}`);
    const figures = await measureArray(control.network, control.image, array, { ...options, hasEnergy });
    rows.push({ ...describe(figures, options), name: `control: ${nameArray(array)}`, isControl: true });
  }
  return rows;
}
