/**
 * Quantization without arithmetic. WGSL's division may be 2.5 units in the last place off, which moves an element that
 * is next to a tie by one. Where an int8 result depends on one number, and never falls when that number grows, it is the
 * count of the numbers in a table that are not above it: 255 of them, made here with the exact function.
 */

/** Of an int8 result one below each step. */
export const steps = 255;

type Quantize = (x: number) => number;

/** Float32 in order: 0 is 0, 1 the next one above it, -1 the next one below. */
function floatAt(order: number): number {
  const bits = order >= 0 ? order : -0x80000000 - order;
  return new Float32Array(Int32Array.of(bits).buffer)[0]!;
}

/** The order of the largest finite one. */
const largest = 0x7f7fffff;

/** The least whole number from `low` to `high` for which `reaches` is true, which it stays; high + 1 for none. */
function leastOf(low: number, high: number, reaches: (value: number) => boolean): number {
  let [from, to] = [low, high + 1];
  while (from < to) {
    const middle = Math.floor((from + to) / 2);
    if (reaches(middle)) to = middle;
    else from = middle + 1;
  }
  return from;
}

/** Of each y from -127 to 127 the least float32 x with f(x) >= y; the largest float32 where there is none. */
export function floatThresholds(f: Quantize): Float32Array {
  let low = -largest;
  return Float32Array.from({ length: steps }, (_, i) => {
    low = leastOf(low, largest, (order) => f(floatAt(order)) >= i - 127);
    return floatAt(Math.min(low, largest));
  });
}

/** The same of whole numbers from -most to most; above them where there is none. */
export function integerThresholds(f: Quantize, most: number): Int32Array {
  let low = -most;
  return Int32Array.from({ length: steps }, (_, i) => {
    low = leastOf(low, most, (value) => f(value) >= i - 127);
    return low;
  });
}

/** WGSL: what a table at an address makes of x. */
export const countBelow = (type: 'f32' | 'i32') => `
fn quantized(x: ${type}, table: i32) -> i32 {
  var count = 0;
  for (var half = 128; half > 0; half >>= 1) {
    if (x >= ${type === 'f32' ? 'float' : 'integer'}(table + 4 * (count + half - 1))) { count += half; }
  }
  return count - 128;
}
`;
