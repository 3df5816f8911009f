/** What the WebAssembly engine can do, found by asking whether it accepts the smallest module that needs it. */

const header = [0, 97, 115, 109, 1, 0, 0, 0];

const i32 = 0x7f;
const v128 = 0x7b;

/** A module with one function, exported as `f`, of this result and body. */
function probe(result: number, body: readonly number[]): Uint8Array<ArrayBuffer> {
  const code = [0, ...body, 0x0b];
  const types = [1, 5, 1, 0x60, 0, 1, result];
  const exports = [7, 5, 1, 1, 0x66, 0, 0];
  return new Uint8Array([...header, ...types, 3, 2, 1, 0, ...exports, 10, code.length + 2, 1, code.length, ...code]);
}

/** i8x16.splat (i32.const n), as a signed LEB128 of at most two bytes. */
const splat = (n: number) => [
  0x41,
  ...(n >= -64 && n < 64 ? [n & 0x7f] : [(n & 0x7f) | 0x80, (n >> 7) & 0x7f]),
  0xfd,
  0x0f,
];

// i8x16.popcnt, among the last instructions that SIMD128 received
const simdProbe = probe(v128, [...splat(0), 0xfd, 0x62]);

// i32x4.extract_lane 0 (i32x4.relaxed_dot_i8x16_i7x16_add_s (-128) (127) (0))
const dotProbe = probe(i32, [...splat(-128), ...splat(127), ...splat(0), 0xfd, 0x93, 0x02, 0xfd, 0x1b, 0]);
const expectedDot = 4 * -128 * 127;

export const hasSimd = (): boolean => typeof WebAssembly === 'object' && WebAssembly.validate(simdProbe);

/** Also that the dot product is what became of it: early engines, where it is behind a flag, have another one. */
export function hasRelaxedSimd(): boolean {
  if (!hasSimd() || !WebAssembly.validate(dotProbe)) return false;
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(dotProbe));
  return (exports.f as () => number)() === expectedDot;
}
