/** IEEE 754 half precision, as bits in a Uint16Array: sums in single precision, rounded to the nearest even once. */

let decoded: Float32Array | undefined;

/** The value of each of the 65,536 bit patterns. */
function table(): Float32Array {
  if (decoded) return decoded;
  decoded = new Float32Array(65536);
  for (let bits = 0; bits < 65536; bits++) {
    const exponent = (bits >> 10) & 31;
    const fraction = bits & 1023;
    const size =
      exponent === 0
        ? fraction * 2 ** -24
        : exponent === 31
          ? fraction === 0
            ? Number.POSITIVE_INFINITY
            : Number.NaN
          : (1024 + fraction) * 2 ** (exponent - 25);
    decoded[bits] = bits & 0x8000 ? -size : size;
  }
  return decoded;
}

const float = new Float32Array(1);
const word = new Uint32Array(float.buffer);

/** The half-precision number nearest to `value`. */
export function toHalf(value: number): number {
  float[0] = value;
  const bits = word[0]!;
  const sign = (bits >>> 16) & 0x8000;
  const size = bits & 0x7fffffff;
  if (size > 0x7f800000) return sign | 0x7e00;
  // 65520 and more round to infinity
  if (size >= 0x477ff000) return sign | 0x7c00;
  if (size < 0x38800000) {
    // below the least normal number 2^-14: a multiple of 2^-24
    const scaled = Math.abs(float[0]!) * 2 ** 24;
    const whole = Math.floor(scaled);
    const rest = scaled - whole;
    return sign | (rest > 0.5 || (rest === 0.5 && whole & 1) ? whole + 1 : whole);
  }
  const rounded = size + 0xfff + ((size >>> 13) & 1);
  return sign | ((rounded - 0x38000000) >>> 13);
}

export const fromHalf = (bits: number): number => table()[bits]!;

/** The sums of `count` rows that lie one after the other in `rows`, into `result`. */
export function sumHalves(rows: Uint16Array, count: number, result: Uint16Array): void {
  const values = table();
  const { length } = result;
  for (let i = 0; i < length; i++) {
    let sum = values[rows[i]!]!;
    for (let row = 1; row < count; row++) sum = Math.fround(sum + values[rows[row * length + i]!]!);
    result[i] = toHalf(sum);
  }
}
