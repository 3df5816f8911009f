/**
 * How long an instruction takes, to the cycle: the sequencers of `hardware/rtl` as formulas. Nothing in them depends on
 * data, so that the time of a network is known without running it.
 *
 * Cycles are counted from 0, the first one after the reset.
 */

import type { ArrayParameters } from './array.ts';
import { type AdderInstruction, adderWords, type MacInstruction, macWords } from './program.ts';

/** Cycles of one instruction, apart by what they are for. */
export interface Times {
  /** Lanes compute. */
  busy: number;
  /** Lanes wait for the requantizers. */
  requantize: number;
  /** Several reads are merged for a tap, or a slot is left to write. */
  memory: number;
  /** A patch is loaded into the adders' tile. */
  load: number;
  /** Pipelines fill and empty, instructions are fetched. */
  overhead: number;
  /** The other engine is not done yet. */
  wait: number;
}

export const noTimes = (): Times => ({ busy: 0, requantize: 0, memory: 0, load: 0, overhead: 0, wait: 0 });

/** From the last sums of a group to the next one, besides the drain of values. */
const macDrain = 10;
const macRawDrain = 6;
const adderDrain = 8;
const adderRawDrain = 4;

export const fetchCycles = { mac: macWords + 1, adder: adderWords + 1 } as const;

/** A score of a single step is out a cycle after its value. */
const lateScore = (isRaw: boolean, steps: number) => (isRaw && steps === 1 ? 1 : 0);

const sum = (times: Times) => times.busy + times.requantize + times.memory + times.load + times.overhead;

/** Cycles from the decision to start until the instruction counts as done. */
export function macTimes(i: MacInstruction, array: ArrayParameters): { cycles: number; times: Times } {
  const steps = (array.lanes / array.macRate) * (i.isAddition ? 2 : 1);
  const times = noTimes();
  // DECODE, START
  times.overhead += 2;
  const drain = i.isRaw ? macRawDrain : macDrain;
  if (i.isTaps) {
    const rows = i.rows * i.groups;
    const taps = i.words;
    const period = Math.max(i.reads + 1, steps);
    times.busy += taps * rows;
    times.memory += (i.reads - taps) * rows + (rows - 1);
    times.requantize += (period - i.reads - 1) * (rows - 1);
    times.overhead += drain + steps - 1;
    return { cycles: sum(times), times };
  }
  const blocks = Math.ceil(i.rows / array.macs);
  const lastRows = i.rows - (blocks - 1) * array.macs;
  const [full, last] = [steps * Math.min(array.macs, i.rows), steps * lastRows];
  const stream = i.channels * i.reads;
  let [busy, requantize, memory, overhead] = [i.words, 0, stream - i.words, 0];
  if (blocks > 1) {
    // the first block from the tile comes after a gap of three cycles
    const second = Math.max(3 + i.words, full);
    busy += i.words * (blocks - 1);
    overhead += 3;
    requantize += second - 3 - i.words + Math.max(0, full - i.words) * (blocks - 2);
  }
  overhead += drain + last - 1 + lateScore(i.isRaw, array.lanes / array.macRate);
  times.busy += busy * i.groups;
  times.requantize += requantize * i.groups;
  times.memory += memory * i.groups;
  // the START of the first group is counted above
  times.overhead += overhead * i.groups + (i.groups - 1);
  return { cycles: sum(times), times };
}

/** Words of each row or block of rows; predicted ones are no whole numbers. */
export type RowLengths = ArrayLike<number> & Iterable<number>;

/** `lengths` are those of both stages. */
export function adderTimes(
  i: AdderInstruction,
  lengths: readonly [RowLengths, RowLengths?],
  array: ArrayParameters,
): { cycles: number; times: Times } {
  const steps = array.lanes / array.adderRate;
  const times = noTimes();
  const stream = i.channels * i.reads;
  let [busy, requantize, overhead] = [0, 0, 1 + 4];
  for (const [stage, own] of lengths.entries()) {
    if (!own) continue;
    const part = stage === 0 ? i.first : i.second!;
    const blocks = own.length;
    const lastRows = part.rows - (blocks - 1) * array.adders;
    const full = steps * Math.min(array.adders, part.rows);
    let block = 0;
    for (const length of own) {
      busy += length;
      if (block++ > 0) requantize += Math.max(0, full - length);
    }
    const isRaw = i.isRaw && !(stage === 0 && i.second);
    overhead += (isRaw ? adderRawDrain : adderDrain) + steps * lastRows + lateScore(isRaw, steps);
  }
  times.busy = busy * i.groups;
  times.requantize = requantize * i.groups;
  times.load = stream * i.groups;
  times.overhead = overhead * i.groups + 1;
  return { cycles: sum(times), times };
}
