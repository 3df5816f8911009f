/** The tasks that a layer's task becomes when the layer is a filter bank, timed by the formulas of the compiler's. */

import {
  type AdderInstruction,
  type ArrayParameters,
  adderTimes,
  fetchCycles,
  type MacInstruction,
  macTimes,
  type TaskTime,
} from '../../accelerator/index.ts';
import { TritbankError } from '../../ir/index.ts';
import type { BankShape } from '../target.ts';
import type { ListLengths } from './list-lengths.ts';

/** The filters of a layer on the MACs, as the compiler has them, and what the compiler does with its input. */
export interface FilterTask {
  readonly step: number;
  readonly instruction: MacInstruction;
  /** Whether channels of the input can be dealt to the sets of the adders' tile. */
  readonly isDealt: boolean;
}

const noBounds = { zeroPoint: 0, lower: 0, upper: 0 } as const;

const stageOf = (rows: number) => ({ ...noBounds, rows, words: 0, weightBase: 0, parameterBase: 0 });

function macTask(step: number, instruction: MacInstruction, array: ArrayParameters): TaskTime {
  return { step, engine: 'mac', cycles: macTimes(instruction, array).cycles };
}

/** Wb and Wc as filters, where there are no adders: the second waits for the first. */
function ternaryOnMacs({ step, instruction }: FilterTask, bank: BankShape, array: ArrayParameters): TaskTime[] {
  const { hidden, ternary } = bank;
  return [
    macTask(step, { ...instruction, rows: hidden, isRaw: false }, array),
    // between two steps of the compiler's
    macTask(step + 0.5, { ...instruction, rows: ternary, channels: hidden, words: hidden, reads: 1 }, array),
  ];
}

function ternaryOnAdders(
  { step, instruction, isDealt }: FilterTask,
  { hidden, ternary, nonZero = 0 }: BankShape,
  array: ArrayParameters,
  lengths: ListLengths,
): TaskTime {
  const density = nonZero / (hidden * (instruction.words + ternary));
  const stage = (rows: number, columns: number, dealt: boolean) =>
    new Array<number>(Math.ceil(rows / array.adders)).fill(lengths.at(columns, density, dealt));
  const stages = [stage(hidden, instruction.words, isDealt), stage(ternary, hidden, true)] as const;
  const adder: AdderInstruction = {
    ...instruction,
    ...{ engine: 'adder', first: stageOf(hidden), second: stageOf(ternary), hiddenRow: 0 },
  };
  return { step, engine: 'adder', cycles: adderTimes(adder, stages, array).cycles };
}

/** E_USAGE for a bank whose non-zeros are not known where they count. */
export function bankTasks(
  task: FilterTask,
  bank: BankShape,
  array: ArrayParameters,
  lengths: ListLengths,
  where: string,
): TaskTime[] {
  const { step, instruction } = task;
  const { fullPrecision, hidden, ternary, nonZero } = bank;
  const trits = hidden * (instruction.words + ternary);
  if (array.adders > 0 && array.ternary === 'lists' && !(nonZero !== undefined && nonZero <= trits)) {
    const expected = `0 to ${trits} predicted non-zero weights, which lists on the array need`;
    throw new TritbankError('E_USAGE', where, `expected ${expected}, found ${nonZero ?? 'none'}`);
  }
  return [
    ...(fullPrecision > 0 ? [macTask(step, { ...instruction, rows: fullPrecision }, array)] : []),
    ...(array.adders === 0 ? ternaryOnMacs(task, bank, array) : [ternaryOnAdders(task, bank, array, lengths)]),
  ];
}

/** Cycles of an engine, the fetch of its instructions included. */
export const engineCycles = (tasks: readonly TaskTime[], engine: TaskTime['engine']): number =>
  tasks.reduce((sum, task) => sum + (task.engine === engine ? task.cycles + fetchCycles[engine] : 0), 0);
