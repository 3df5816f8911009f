/** Arrays to compare: every combination of some values, without those that no array can have. */

import { type ArrayParameters, checkArray, defaultArray, macArray } from '../accelerator/index.ts';
import { TritbankError } from '../ir/index.ts';

export interface ArraySweep {
  readonly macs: readonly number[];
  /** Of adder lanes; 0 is an array of MACs only. */
  readonly inputs: readonly number[];
  readonly ternary: readonly ArrayParameters['ternary'][];
  /** Default: as many values a cycle as there are MACs in a lane, at least two. */
  readonly macRate?: readonly number[] | undefined;
  readonly adderRate: readonly number[];
  readonly lanes: number;
  readonly inFlight: number;
}

/** Around the one that `measuredArrays` has. */
export const defaultSweep: ArraySweep = {
  macs: [1, 2, 4],
  inputs: [0, 4, 8, 16],
  ternary: ['lists', 'trits'],
  adderRate: [4],
  lanes: 16,
  inFlight: 4,
};

/** As many copies as keep two sets of columns. */
const copiesOf = (ternary: ArrayParameters['ternary'], inputs: number) =>
  ternary === 'lists' ? Math.max(1, inputs / 2) : 1;

const isPossible = (array: ArrayParameters) => {
  try {
    checkArray(array);
    return true;
  } catch (error) {
    if (error instanceof TritbankError) return false;
    throw error;
  }
};

/** The arrays of a sweep, each once. */
export function arraysOf(sweep: ArraySweep): ArrayParameters[] {
  const { lanes, inFlight } = sweep;
  const found = sweep.macs.flatMap((macs) =>
    (sweep.macRate ?? [Math.max(2, macs)]).flatMap((macRate) =>
      sweep.inputs.flatMap((inputs): ArrayParameters[] =>
        inputs === 0
          ? [{ ...macArray, lanes, macs, macRate: sweep.macRate ? macRate : macs }]
          : sweep.ternary.flatMap((ternary) =>
              sweep.adderRate.map((adderRate) => ({
                ...defaultArray,
                ...{ lanes, macs, macRate, inputs, ternary, adderRate, inFlight, gapBits: 6 },
                copies: copiesOf(ternary, inputs),
              })),
            ),
      ),
    ),
  );
  const each = new Map(found.filter(isPossible).map((array) => [JSON.stringify(array), array]));
  return [...each.values()];
}

/** An array in a few words: what differs from one to the next. */
export function nameArray({
  macs,
  macRate,
  adders,
  inputs,
  copies,
  ternary,
  adderRate,
  lanes,
}: ArrayParameters): string {
  const mac = `${lanes} x ${macs} MAC${macs > 1 ? 's' : ''} at ${macRate}`;
  if (adders === 0) return mac;
  const shared = copies > 1 ? ` in ${copies} copies` : '';
  const lanesOf = adders > 1 ? `${adders} adders of ` : '';
  return `${mac}, ${lanesOf}${inputs} inputs at ${adderRate}, ${ternary}${shared}`;
}
