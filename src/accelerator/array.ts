/**
 * The array: how many lanes of what kind, and how wide. The parameters of `hardware/rtl`, with the rules that they have
 * to follow.
 */

import { TritbankError } from '../ir/index.ts';

export interface ArrayParameters {
  /** Pixels that are computed at a time; each weight, or entry of a list, serves all of them. */
  readonly lanes: number;
  /** Full-precision filters at a time: MACs in each lane. */
  readonly macs: number;
  /** Ternary rows at a time: adder lanes for each pixel. 0 for an array of MACs only. */
  readonly adders: number;
  /** Activations that an adder lane adds in a cycle. */
  readonly inputs: number;
  /** `lists`: zeros are skipped, one row at a time. `trits`: dense, two bits each; `five-trits`: five to a byte. */
  readonly ternary: 'lists' | 'trits' | 'five-trits';
  /** Banks of the adders' tile that hold the same words: more of them keep lists of a row equally long. */
  readonly copies: number;
  /** Requantized values a cycle of either engine. */
  readonly macRate: number;
  readonly adderRate: number;
  /** Bits of sums: up to 24. */
  readonly sumBits: number;
  readonly adderSumBits: number;
  /** Bits of the mantissas of multipliers: 24 for any file; fewer, where all of a file's have so few. */
  readonly multiplierBits: number;
  /** Bits of a list's gap. */
  readonly gapBits: number;
  /** Images of one run. */
  readonly images: number;
  /** Images that are computed at the same time, so that adders work on one while MACs work on another. */
  readonly inFlight: number;
}

/** 16 lanes of a MAC and a four-input adder each, zeros skipped. */
export const defaultArray: ArrayParameters = {
  lanes: 16,
  macs: 1,
  adders: 1,
  inputs: 4,
  ternary: 'lists',
  copies: 2,
  macRate: 1,
  adderRate: 4,
  sumBits: 24,
  adderSumBits: 20,
  multiplierBits: 24,
  gapBits: 5,
  images: 2,
  inFlight: 2,
};

/** The control: MACs only, which take ternary weights as bytes. */
export const macArray: ArrayParameters = { ...defaultArray, adders: 0, inFlight: 1 };

/** Row addresses of the activation memory, and of programs, tables and weights. */
export const rowBits = 16;
export const addressBits = 24;

const ranges: { readonly [K in keyof ArrayParameters]?: readonly [least: number, most: number] } = {
  lanes: [4, 64],
  macs: [1, 8],
  adders: [0, 8],
  inputs: [1, 16],
  copies: [1, 16],
  macRate: [1, 64],
  adderRate: [1, 64],
  sumBits: [18, 24],
  adderSumBits: [14, 24],
  multiplierBits: [18, 24],
  gapBits: [2, 8],
  images: [1, 64],
  inFlight: [1, 8],
};

const fail = (where: string, expected: string, found: number | string) =>
  new TritbankError('E_USAGE', where, `expected ${expected}, found ${found}`);

/** E_USAGE for parameters that no array can have. */
export function checkArray(array: ArrayParameters): ArrayParameters {
  for (const [name, [least, most]] of Object.entries(ranges)) {
    const value = array[name as keyof ArrayParameters] as number;
    if (!Number.isInteger(value) || value < least || value > most) {
      throw fail(name, `a whole number from ${least} to ${most}`, value);
    }
  }
  const { lanes, inputs, copies, adders, ternary, macRate, adderRate } = array;
  if (lanes % macRate !== 0) throw fail('macRate', `a divisor of ${lanes} lanes`, macRate);
  if (adders === 0) return array;
  if (lanes % adderRate !== 0) throw fail('adderRate', `a divisor of ${lanes} lanes`, adderRate);
  if (ternary === 'lists') {
    if (adders > 1) throw fail('adders', 'one adder lane for each pixel where zeros are skipped', adders);
    if (inputs % copies !== 0) throw fail('copies', `a divisor of ${inputs} inputs`, copies);
  } else {
    if (copies !== 1) throw fail('copies', '1 for dense trits', copies);
    if (ternary === 'five-trits' && (inputs * adders) % 5 !== 0) {
      throw fail('inputs', 'inputs times adders to be a multiple of 5 for five trits a byte', inputs * adders);
    }
  }
  return array;
}

/** The largest divisor of `whole` that is at most `wanted`: rates of lanes, copies of inputs. */
export function fittingDivisor(whole: number, wanted: number): number {
  let found = Math.max(1, Math.min(whole, Math.floor(wanted)));
  while (whole % found !== 0) found--;
  return found;
}

/** Bits of a word of the adders' weights. */
export function entryBits({ ternary, inputs, adders, gapBits }: ArrayParameters): number {
  if (adders === 0) return 8;
  if (ternary === 'lists') return inputs * (gapBits + 1) + 1;
  return ternary === 'trits' ? 2 * inputs * adders : (8 * inputs * adders) / 5;
}
