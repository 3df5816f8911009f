/** What the WebAssembly engine can do, found by asking whether it accepts the smallest module that needs it. */

const header = [0, 97, 115, 109, 1, 0, 0, 0];

/** A module with one function of type () -> v128 and the given body. */
function probe(body: readonly number[]): Uint8Array<ArrayBuffer> {
  const code = [0, ...body, 0x0b];
  const types = [1, 5, 1, 0x60, 0, 1, 0x7b];
  return new Uint8Array([...header, ...types, 3, 2, 1, 0, 10, code.length + 2, 1, code.length, ...code]);
}

// i8x16.splat (i32.const 0)
const splat = [0x41, 0, 0xfd, 0x0f];
// i8x16.popcnt, among the last instructions that SIMD128 received
const simdProbe = probe([...splat, 0xfd, 0x62]);
// f32x4.relaxed_madd
const relaxedProbe = probe([...splat, ...splat, ...splat, 0xfd, 0x85, 0x02]);

export const hasSimd = (): boolean => typeof WebAssembly === 'object' && WebAssembly.validate(simdProbe);

export const hasRelaxedSimd = (): boolean => hasSimd() && WebAssembly.validate(relaxedProbe);
