/** The arrays that networks are measured on. */

import { type ArrayParameters, defaultArray, macArray } from '../accelerator/index.ts';

/** As fast as both engines allow for networks whose filters are mostly ternary. */
const listArray: ArrayParameters = {
  ...defaultArray,
  macRate: 2,
  inputs: 8,
  copies: 4,
  gapBits: 6,
  inFlight: 4,
};

export const measuredArrays = {
  /** The control. */
  mac: macArray,
  /** MACs that share inputs and the registers of the lanes. */
  'mac x2': { ...macArray, macs: 2, macRate: 2 },
  'mac x4': { ...macArray, macs: 4, macRate: 4 },
  lists: listArray,
  /** Most images for its area, of those that `hardware explore` compared for the quarter network. */
  'lists x2': { ...listArray, macs: 2 },
  /** Every weight takes its cycle, zeros as well; no copies, since nothing has to be kept equally long. */
  trits: { ...listArray, ternary: 'trits', copies: 1 },
} as const satisfies Readonly<Record<string, ArrayParameters>>;
