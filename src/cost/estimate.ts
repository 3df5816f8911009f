/**
 * Energy, time and utilisation of an inference on an accelerator with one array of MAC units and adder units, by the
 * model behind Table I of Gope et al. (arXiv 1911.01028): arithmetic energy is a sum over operations, and networks are
 * compared on arrays of the same area. Times are those of an array of area 1 in which each unit does one operation a
 * cycle; n operations on units of area s that have the share x of it take n s / x. docs/accelerators.md derives the
 * formulas. Left out: control, wiring, bandwidth and latency of memory, ramp-up, MAC units that do additions.
 */

import { TritbankError } from '../ir/index.ts';
import { type Accelerator, formatOf, type MemoryEnergies, type NumberFormat } from './accelerator.ts';
import type { Work } from './records.ts';

export interface EstimateOptions {
  /** A key of the accelerator's `formats`; its default one if absent. */
  readonly format?: string;
  /** Share of the area in MAC units for `fixedSplit`, from 0 to 1; the best one if absent. */
  readonly split?: number;
}

export interface LayerEstimate {
  readonly name: string;
  readonly energy: number;
  readonly memoryEnergy: number;
  /** Share of the area that is busy while the layer runs on the fixed split; 0 for a layer without arithmetic. */
  readonly utilisation: number;
}

/** Energies are in the accelerator's unit, times in its unit of area times cycles. */
export interface Estimate {
  /** Energy of the arithmetic. */
  readonly energy: number;
  /** Energy of moving weights, inputs and outputs once; 0 where the accelerator has no memory energies. */
  readonly memoryEnergy: number;
  /** Time at the best split with all units busy throughout the inference. Its inverse is the throughput. */
  readonly areaTime: number;
  /** The share of the area in MAC units with which all are busy; 1 without any arithmetic. */
  readonly split: number;
  /** The layers one after another, on one split for all of them. */
  readonly fixedSplit: {
    readonly split: number;
    readonly time: number;
    /** Share of the area that is busy, on average over time; 0 without any arithmetic. */
    readonly utilisation: number;
  };
  readonly layers: readonly LayerEstimate[];
}

/** What a layer asks of each part of the array: operations times the area of the unit that does one a cycle. */
interface Load {
  readonly mac: number;
  readonly adder: number;
}

const sum = <T>(items: readonly T[], f: (item: T) => number) => items.reduce((total, item) => total + f(item), 0);

function energyOf(work: Work, { mac, multiplication, addition }: NumberFormat): number {
  return work.macs * mac.energy + work.products * multiplication.energy + work.additions * addition.energy;
}

function memoryEnergyOf(work: Work, memory: MemoryEnergies | null): number {
  if (!memory) return 0;
  const { weights, activations } = memory;
  const moved = work.inputBytes + work.outputBytes;
  return work.weightBytes * weights.energyPerByte + moved * activations.energyPerByte;
}

function loadOf(work: Work, { mac, multiplication, addition }: NumberFormat): Load {
  return { mac: work.macs * mac.area + work.products * multiplication.area, adder: work.additions * addition.area };
}

/** The share of MAC units with which both parts take the same time; 1 where there is nothing to do. */
const balance = ({ mac, adder }: Load) => (adder === 0 ? 1 : mac / (mac + adder));

/** Both parts of the array work at the same time, each on its own operations. */
function timeOf({ mac, adder }: Load, split: number): number {
  return Math.max(mac === 0 ? 0 : mac / split, adder === 0 ? 0 : adder / (1 - split));
}

const totalTime = (loads: readonly Load[], split: number) => sum(loads, (load) => timeOf(load, split));

/**
 * The split x that minimises the total time, exactly. For 0 < x < 1 both m / x and a / (1 - x) are convex, so is their
 * maximum, and so is a sum of such maxima: there is one minimum, and it is worth looking for. Between neighbouring
 * balances of layers each layer waits for the same part throughout, so that the time is P / x + Q / (1 - x), least
 * where x / (1 - x) = sqrt(P / Q) or, if that is outside, at the nearer end of the interval.
 */
function findBestSplit(loads: readonly Load[]): number {
  const working = loads.filter(({ mac, adder }) => mac + adder > 0);
  // next to 1 the difference 1 - x must not vanish where there are additions
  const top = working.some(({ adder }) => adder > 0) ? 1 - Number.EPSILON / 2 : 1;
  const balanced = working.map((load) => ({ ...load, balance: Math.min(balance(load), top) }));
  const edges = [0, ...balanced.map((load) => load.balance).sort((a, b) => a - b), top];
  let best = { split: top, time: totalTime(working, top) };
  for (const [i, low] of edges.slice(0, -1).entries()) {
    const high = edges[i + 1]!;
    if (low === high) continue;
    const p = Math.sqrt(sum(balanced, (load) => (load.balance >= high ? load.mac : 0)));
    const q = Math.sqrt(sum(balanced, (load) => (load.balance <= low ? load.adder : 0)));
    if (p + q === 0) continue;
    const split = Math.min(Math.max(p / (p + q), low), high);
    const time = totalTime(working, split);
    if (time < best.time) best = { split, time };
  }
  return best.split;
}

/** E_USAGE for a split that leaves operations without units. */
function checkSplit(split: number, { mac, adder }: Load): number {
  const fail = (expected: string) => {
    throw new TritbankError('E_USAGE', 'split', `expected ${expected}, found ${split}`);
  };
  if (!(split >= 0 && split <= 1)) fail('a number from 0 to 1');
  if (split === 1 && adder > 0) fail('below 1 for a network with additions');
  if (split === 0 && mac > 0) fail('above 0 for a network with multiplications');
  return split;
}

/**
 * Estimates an inference that does `works`, one per layer in execution order. Energies are in the accelerator's unit,
 * times in its unit of area times cycles. E_USAGE for a format that the accelerator does not have and for a split
 * that leaves operations without units.
 *
 * @example
 * import { estimate, loadAccelerator } from 'tritbank';
 *
 * const traffic = { weightBytes: 2_000, inputBytes: 8_000, outputBytes: 8_000 };
 * const bank = { name: 'bank', macs: 500_000, products: 10_000, additions: 900_000, ...traffic };
 * const { energy, areaTime, split } = estimate([bank], loadAccelerator('paper'), { format: 'fp16' });
 * console.log(energy, 1 / areaTime, `${(100 * split).toFixed()} % of the area in MAC units`);
 */
export function estimate(works: readonly Work[], accelerator: Accelerator, options: EstimateOptions = {}): Estimate {
  const format = formatOf(accelerator, options.format);
  const loads = works.map((work) => loadOf(work, format));
  const total = { mac: sum(loads, (l) => l.mac), adder: sum(loads, (l) => l.adder) };
  const areaTime = total.mac + total.adder;
  const split = options.split === undefined ? findBestSplit(loads) : checkSplit(options.split, total);
  const time = totalTime(loads, split);
  const layers = works.map((work, i) => {
    const load = loads[i]!;
    const layerTime = timeOf(load, split);
    return {
      name: work.name,
      energy: energyOf(work, format),
      memoryEnergy: memoryEnergyOf(work, accelerator.memory),
      utilisation: layerTime > 0 ? (load.mac + load.adder) / layerTime : 0,
    };
  });
  return {
    energy: sum(layers, (l) => l.energy),
    memoryEnergy: sum(layers, (l) => l.memoryEnergy),
    areaTime,
    split: balance(total),
    fixedSplit: { split, time, utilisation: time > 0 ? areaTime / time : 0 },
    layers,
  };
}
