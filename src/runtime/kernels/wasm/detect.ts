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

/** i32x4.extract_lane 0 (i32x4.relaxed_dot_i8x16_i7x16_add_s (a) (b) (0)), with bytes a and b in all lanes. */
const dotProbe = (a: number, b: number) =>
  probe(i32, [...splat(a), ...splat(b), ...splat(0), 0xfd, 0x93, 0x02, 0xfd, 0x1b, 0]);

function dotOf(a: number, b: number): number {
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(dotProbe(a, b)));
  return (exports.f as () => number)();
}

export const hasSimd = (): boolean => typeof WebAssembly === 'object' && WebAssembly.validate(simdProbe);

let relaxedSimd: boolean | undefined;

/** Also that the dot product is what became of it: early engines, where it is behind a flag, have another one. */
export function hasRelaxedSimd(): boolean {
  relaxedSimd ??= hasSimd() && WebAssembly.validate(dotProbe(0, 0)) && dotOf(-128, 127) === 4 * -128 * 127;
  return relaxedSimd;
}

let offset: 128 | 0 | 'none' | undefined;

/**
 * What is added to a weight of 8 bits that is the second operand of relaxed SIMD's dot product, so that no bit is lost:
 * 128 where the engine takes it as unsigned, 0 where as signed; undefined where sums saturate, or there is no such product.
 */
export function dotOffset(): 128 | 0 | undefined {
  offset ??= findOffset();
  return offset === 'none' ? undefined : offset;
}

function findOffset(): 128 | 0 | 'none' {
  if (!hasRelaxedSimd()) return 'none';
  const sums = [dotOf(-128, -1), dotOf(-128, -128)].join();
  if (sums === `${4 * -128 * 255},${4 * -128 * 128}`) return 128;
  return sums === `${4 * 128},${4 * 128 * 128}` ? 0 : 'none';
}
