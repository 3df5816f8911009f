/** The accelerator's Verilog, with the parameters of an array. */

import { readdirSync, readFileSync } from 'node:fs';
import { type ArrayParameters, addressBits, checkArray, entryBits, rowBits } from '../accelerator/index.ts';
import type { Design } from './synthesize.ts';

/** `rtl` is what is synthesised; models of memories and the test bench are for simulation. */
export type HardwareFolder = 'rtl' | 'memories' | 'sim';

/** Verilog of a folder of hardware/: texts by file name. */
export function hardwareSources(folder: HardwareFolder): Design['sources'] {
  const path = new URL(`../../hardware/${folder}/`, import.meta.url);
  const names = readdirSync(path).filter((name) => name.endsWith('.v'));
  return Object.fromEntries(names.sort().map((name) => [name, readFileSync(new URL(name, path), 'utf8')]));
}

/** All modules of the array, without memories. */
export const arraySources = (): Design['sources'] => hardwareSources('rtl');

export interface TileSizes {
  /** Bits of the row addresses of the MAC engine's tile, and of the adder engine's; default: 10 and 9. */
  readonly macTileBits?: number | undefined;
  readonly tileBits?: number | undefined;
  /** Whether the MAC engine adds tensors (residual connections). Default: no. */
  readonly additions?: boolean | undefined;
}

/**
 * The core of an array, memories left out. E_USAGE for parameters that no array can have.
 *
 * @example
 * import { arrayDesign, openLibrary, synthesize } from './index.ts';
 * import { defaultArray } from '../accelerator/index.ts';
 *
 * const { synthesis } = await synthesize(arrayDesign(defaultArray), { library: openLibrary() });
 * console.log(synthesis.area);
 */
export function arrayDesign(array: ArrayParameters, tiles: TileSizes = {}): Design {
  checkArray(array);
  return {
    sources: arraySources(),
    top: 'accelerator_core',
    parameters: {
      LANES: array.lanes,
      MACS: array.macs,
      ADDERS: array.adders,
      INPUTS: array.inputs,
      COPIES: array.copies,
      LISTS: array.ternary === 'lists' ? 1 : 0,
      FIVE_TRITS: array.ternary === 'five-trits' ? 1 : 0,
      MAC_RATE: array.macRate,
      ADDER_RATE: array.adderRate,
      SUM_BITS: array.sumBits,
      ADDER_SUM_BITS: array.adderSumBits,
      MULTIPLIER_BITS: array.multiplierBits,
      ADDITIONS: tiles.additions ? 1 : 0,
      ROW_BITS: rowBits,
      MAC_TILE_BITS: tiles.macTileBits ?? 10,
      TILE_BITS: tiles.tileBits ?? 9,
      GAP_BITS: array.gapBits,
      ADDRESS_BITS: addressBits,
      ENTRY_BITS: entryBits(array),
    },
  };
}
