/**
 * Area, energy and leakage of SRAM by words and bits: linear fits to the 28 macros that IHP publishes for its 130 nm
 * process SG13G2 at 1.2 V, 25 C (IHP-Open-PDK, ihp-sg13g2/libs.ref/sg13g2_sram/lib, `*_typ_1p20V_25C.lib`, Apache-2.0:
 * areas, internal power of the clock pin with a read or a write, leakage), 64 to 8192 words of 8 to 64 bits:
 *
 *   area of one port   4845 + 8.66 W + 492 B + 3.32 W B      um2, within 9 % of all 18
 *   area of two ports  10919 + 30.7 W + 850 B + 5.98 W B     um2, within 2 % of all 10
 *   read               4.63 + 0.505 B + 0.000766 W B         pJ, within 12 %
 *   write              6.70 + 0.642 B + 0.000873 W B         pJ, within 12 %
 *   leakage            0.0121 nW a bit, with two ports 0.0195
 *
 * Other processes are scaled: energy as the square of the voltage times the length, area as the square of the length,
 * leakage as the voltage times the length. So scaled, 8 KB read 64 bits wide at 45 nm and 0.9 V would take 18 pJ, where
 * Horowitz (ISSCC 2014) gives 10. Where the process is SG13G2, expect errors of 10 to 20 %; elsewhere a factor of two.
 *
 * Left out: BIST and repair beyond what the macros have, the wires between macros, the decoder that selects a bank.
 */

export interface SramShape {
  readonly words: number;
  /** Bits of a word. */
  readonly bits: number;
  /** 1: read or write in a cycle; 2: both. Default: 1. */
  readonly ports?: 1 | 2;
}

export interface SramProcess {
  /** Length of a gate, in nm. */
  readonly nanometres: number;
  readonly volts: number;
}

export interface SramCost {
  /** um2. */
  readonly area: number;
  /** pJ for a word. */
  readonly read: number;
  readonly write: number;
  /** nW. */
  readonly leakage: number;
  readonly macros: number;
}

/** Processes of the accelerators that come with Tritbank. */
export const sramProcesses = {
  sg13g2: { nanometres: 130, volts: 1.2 },
  sky130: { nanometres: 130, volts: 1.8 },
  osu018: { nanometres: 180, volts: 1.8 },
} as const satisfies Record<string, SramProcess>;

const measured: SramProcess = sramProcesses.sg13g2;
const bankWords = 1024;
const widest = 64;

function macro(words: number, bits: number, ports: 1 | 2): Omit<SramCost, 'macros'> {
  const cells = words * bits;
  const area =
    ports === 1
      ? 4845 + 8.662 * words + 492 * bits + 3.3207 * cells
      : 10919 + 30.69 * words + 849.6 * bits + 5.981 * cells;
  return {
    area,
    read: 4.635 + 0.5048 * bits + 7.659e-4 * cells,
    write: 6.697 + 0.6423 * bits + 8.727e-4 * cells,
    leakage: (ports === 1 ? 0.012086 : 0.019464) * cells,
  };
}

/**
 * A memory of macros of at most 64 bits and `wordsPerBank` words (default 1024: deeper macros save a tenth of the area and
 * take more energy with each access). An access takes the energy of one bank, in all of a word's macros.
 *
 * @example
 * import { sramCost, sramProcesses } from './index.ts';
 *
 * const { area, read } = sramCost({ words: 8192, bits: 64 }, sramProcesses.sg13g2);
 * console.log(area / 1e6, 'mm2', read / 8, 'pJ a byte');
 */
export function sramCost(
  { words, bits, ports = 1 }: SramShape,
  process: SramProcess,
  wordsPerBank: number = bankWords,
): SramCost {
  if (words === 0 || bits === 0) return { area: 0, read: 0, write: 0, leakage: 0, macros: 0 };
  const banks = Math.ceil(words / wordsPerBank);
  const columns = Math.ceil(bits / widest);
  const one = macro(Math.ceil(words / banks), bits / columns, ports);
  const length = process.nanometres / measured.nanometres;
  const voltage = process.volts / measured.volts;
  return {
    area: one.area * banks * columns * length ** 2,
    read: one.read * columns * length * voltage ** 2,
    write: one.write * columns * length * voltage ** 2,
    leakage: one.leakage * banks * columns * length * voltage,
    macros: banks * columns,
  };
}
