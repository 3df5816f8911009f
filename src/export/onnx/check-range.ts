/**
 * Whether a stored form has a place for the weights: half precision ends at 65504 and at 2^-25, 8-bit integers at half of
 * their scale. Small weights of a filter round to zero as they should; a filter of which nothing is left does not.
 */

import { TritbankError } from '../../ir/index.ts';

export interface StoredRange {
  /** The layer. */
  readonly name: string;
  readonly exact: Float32Array;
  /** The weights as a reader of the file will have them. */
  readonly stored: (index: number) => number;
  /** The filter of a weight. */
  readonly filterOf: (index: number) => number;
  /** The form, for messages. */
  readonly form: 'fp16' | 'int8' | 'int4';
}

/**
 * Says how many weights of a layer became 0 in half precision. E_MODEL, naming the layer, where all weights of a filter
 * did, in either form: the network would compute something else.
 */
export function checkRange({ name, exact, stored, filterOf, form }: StoredRange, warn?: (line: string) => void): void {
  const filters = new Map<number, { had: number; lost: number }>();
  let lost = 0;
  for (const [i, weight] of exact.entries()) {
    if (weight === 0) continue;
    const filter = filters.get(filterOf(i)) ?? { had: 0, lost: 0 };
    filters.set(filterOf(i), filter);
    filter.had++;
    if (stored(i) !== 0) continue;
    filter.lost++;
    lost++;
  }
  const gone = [...filters.values()].filter((filter) => filter.had === filter.lost).length;
  if (gone > 0 && gone === filters.size) {
    const found = `${gone} of ${filters.size} filters whose weights all become 0; store them as fp32 (--filters fp32)`;
    throw new TritbankError(
      'E_MODEL',
      `layer '${name}'`,
      `expected weights that ${form} has a place for, found ${found}`,
    );
  }
  // 8 bits are known to be few; a filter next to nothing may be one that training gave up
  if (gone > 0 || (form === 'fp16' && lost > 0)) {
    const whole = gone > 0 ? `, all of ${gone} of ${filters.size} filters among them` : '';
    warn?.(`layer '${name}': ${lost} of ${exact.length} weights are too small for ${form} and become 0${whole}`);
  }
}
