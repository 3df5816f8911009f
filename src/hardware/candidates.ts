/** Arrays to compare: every combination of some values, apart those that no array can have. */

import { type ArrayParameters, checkArray, defaultArray, fittingDivisor, macArray } from '../accelerator/index.ts';
import { TritbankError } from '../ir/index.ts';

export interface ArraySweep {
  readonly macs: readonly number[];
  /** Of adder lanes; 0 is an array of MACs only. */
  readonly inputs: readonly number[];
  readonly ternary: readonly ArrayParameters['ternary'][];
  /** Default: as many values a cycle as there are MACs in a lane, at least two. */
  readonly macRate?: readonly number[] | undefined;
  /** Default: 4, or the next smaller number that divides the lanes. */
  readonly adderRate?: readonly number[] | undefined;
  readonly lanes: number;
  readonly inFlight: number;
}

/** Around the one that `measuredArrays` has. */
export const defaultSweep: ArraySweep = {
  macs: [1, 2, 4],
  inputs: [0, 4, 8, 16],
  ternary: ['lists', 'trits'],
  lanes: 16,
  inFlight: 4,
};

/** As many copies as keep two sets of columns, or the next smaller number that divides the inputs. */
const copiesOf = (ternary: ArrayParameters['ternary'], inputs: number) =>
  ternary === 'lists' ? fittingDivisor(inputs, inputs / 2) : 1;

export interface RefusedArray {
  readonly name: string;
  readonly reason: string;
}

/** The arrays to compare, and those that no array can be. */
export interface Candidates {
  readonly arrays: readonly ArrayParameters[];
  readonly refused: readonly RefusedArray[];
}

/** Why no array can have these parameters; undefined where one can. */
function refusalOf(array: ArrayParameters): string | undefined {
  try {
    checkArray(array);
    return undefined;
  } catch (error) {
    if (error instanceof TritbankError) return `${error.where}: ${error.detail}`;
    throw error;
  }
}

/** The combinations of a sweep, each once. */
export function arraysOf(sweep: ArraySweep): Candidates {
  const { lanes, inFlight } = sweep;
  const adderRates = sweep.adderRate ?? [fittingDivisor(lanes, defaultArray.adderRate)];
  const combinations = sweep.macs.flatMap((macs) =>
    (sweep.macRate ?? [fittingDivisor(lanes, Math.max(2, macs))]).flatMap((macRate) =>
      sweep.inputs.flatMap((inputs): ArrayParameters[] =>
        inputs === 0
          ? [{ ...macArray, lanes, macs, macRate: sweep.macRate ? macRate : fittingDivisor(lanes, macs) }]
          : sweep.ternary.flatMap((ternary) =>
              adderRates.map((adderRate) => ({
                ...defaultArray,
                ...{ lanes, macs, macRate, inputs, ternary, adderRate, inFlight, gapBits: 6 },
                copies: copiesOf(ternary, inputs),
              })),
            ),
      ),
    ),
  );
  const arrays: ArrayParameters[] = [];
  const refused: RefusedArray[] = [];
  for (const array of new Map(combinations.map((one) => [JSON.stringify(one), one])).values()) {
    const reason = refusalOf(array);
    if (reason === undefined) arrays.push(array);
    else refused.push({ name: nameArray(array), reason });
  }
  return { arrays, refused };
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
