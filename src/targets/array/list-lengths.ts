/**
 * How many words a row of a ternary matrix takes in the adders' memory, of whose weights only the number of non-zeros is
 * known. Rows of that density are drawn and packed as the compiler packs them; between the widths and densities that
 * were drawn, lengths are linear.
 */

import { type ArrayParameters, denseLength, listLengths } from '../../accelerator/index.ts';
import { Random } from '../../ir/index.ts';

const drawnRows = 96;
const densities = [0, 0.01, 0.02, 0.04, 0.07, 0.1, 0.14, 0.19, 0.25, 0.32, 0.4, 0.5, 0.62, 0.75, 0.88, 1] as const;

/** Widths from here on are drawn at steps of a quarter. */
const drawnExactly = 24;

/**
 * What dealing the columns to sets (`balanceColumns`) takes off the difference between the longest list and the mean. Of
 * the matrices of two networks on CIFAR-10, MobileNet-V1 0.5 and V2 0.5: 0.25 to 0.4.
 */
const dealtShare = 0.3;

/** Words of a row, and entries of a list, in the mean. */
interface Lengths {
  readonly longest: number;
  readonly mean: number;
}

/** The widths that are drawn on both sides of a width. */
function widthsAround(columns: number): readonly [number, number] {
  if (columns <= drawnExactly) return [columns, columns];
  const step = Math.floor(Math.log(columns / drawnExactly) / Math.log(1.25) + 1e-9);
  const width = (k: number) => Math.round(drawnExactly * 1.25 ** k);
  return [width(step), width(step + 1)];
}

const between = (low: Lengths, high: Lengths, share: number): Lengths => ({
  longest: low.longest + share * (high.longest - low.longest),
  mean: low.mean + share * (high.mean - low.mean),
});

/** Lengths of rows on one array; what was drawn is kept. */
export class ListLengths {
  private readonly drawn = new Map<string, Lengths>();

  constructor(private readonly array: ArrayParameters) {}

  private draw(columns: number, density: number): Lengths {
    const key = `${columns} ${density}`;
    const known = this.drawn.get(key);
    if (known !== undefined) return known;
    const random = new Random(0, 'list-lengths', columns, `${density}`);
    const row = new Int8Array(columns);
    let [longest, entries] = [0, 0];
    for (let i = 0; i < drawnRows; i++) {
      for (let c = 0; c < columns; c++) row[c] = random.float() < density ? 1 : 0;
      const lengths = listLengths(row, this.array);
      longest += Math.max(1, ...lengths);
      entries += lengths.reduce((sum, length) => sum + length, 0);
    }
    const found = { longest: longest / drawnRows, mean: entries / (drawnRows * this.array.inputs) };
    this.drawn.set(key, found);
    return found;
  }

  private atWidth(columns: number, density: number): Lengths {
    const above = Math.max(
      1,
      densities.findIndex((one) => one >= density),
    );
    const [low, high] = [densities[above - 1]!, densities[above]!];
    return between(this.draw(columns, low), this.draw(columns, high), (density - low) / (high - low));
  }

  /**
   * Mean words of a row, or of a block of rows in dense forms, at a density of 0 to 1. `isDealt`: columns are spread over
   * the sets of banks so that lists are equally long.
   */
  at(columns: number, density: number, isDealt: boolean): number {
    if (this.array.ternary !== 'lists') return denseLength(columns, this.array);
    const [low, high] = widthsAround(columns);
    const share = high === low ? 0 : (columns - low) / (high - low);
    const { longest, mean } = between(this.atWidth(low, density), this.atWidth(high, density), share);
    const isSpread = isDealt && this.array.inputs > this.array.copies;
    return isSpread ? longest - dealtShare * (longest - Math.max(1, mean)) : longest;
  }
}
