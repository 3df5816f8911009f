/**
 * A step as a call of a WGSL program. Programs see one buffer, which has the bytes of the plan's linear memory at the
 * plan's addresses, and their numbers in a struct whose text is made from the numbers' names. Elements are read and
 * written four at a time, a word of int8 or a vector of float32: planes begin at multiples of 16 bytes, and what
 * lies behind their pixels, up to the stride, may be overwritten.
 */

export interface Dispatch {
  /** Declarations, and the body of `fn run(i: i32)` for each i from 0 to threads - 1. */
  readonly declarations?: string;
  readonly body: string;
  readonly integers: Readonly<Record<string, number>>;
  readonly floats?: Readonly<Record<string, number>>;
  readonly threads: number;
}

export const workgroupSize = 64;

/** Workgroups a dimension, the least that devices have as their limit. */
const mostWorkgroups = 65_535;

/** So that every index is met once; those above are sent back by `i >= threads`. */
export function workgroupsOf(threads: number): readonly [x: number, y: number] {
  const groups = Math.ceil(threads / workgroupSize);
  const x = Math.min(groups, mostWorkgroups);
  return [x, Math.ceil(groups / x)];
}

/** Addresses are in bytes. `a >> b` of i32 keeps the sign. */
const library = `
fn word(address: i32) -> u32 { return memory[address >> 2]; }
fn integer(address: i32) -> i32 { return i32(memory[address >> 2]); }
fn float(address: i32) -> f32 { return bitcast<f32>(memory[address >> 2]); }
fn int8(address: i32) -> i32 { return i32(memory[address >> 2] << u32(24 - 8 * (address & 3))) >> 24; }
fn int8x4(address: i32) -> vec4<i32> {
  return vec4<i32>(vec4<u32>(memory[address >> 2]) << vec4<u32>(24, 16, 8, 0)) >> vec4<u32>(24);
}
fn floatx4(address: i32) -> vec4<f32> {
  let at = address >> 2;
  return bitcast<vec4<f32>>(vec4<u32>(memory[at], memory[at + 1], memory[at + 2], memory[at + 3]));
}
fn put_int8x4(address: i32, v: vec4<i32>) {
  let bytes = (vec4<u32>(v) & vec4<u32>(255)) << vec4<u32>(0, 8, 16, 24);
  memory[address >> 2] = bytes.x | bytes.y | bytes.z | bytes.w;
}
fn put_floatx4(address: i32, v: vec4<f32>) {
  let at = address >> 2;
  let bits = bitcast<vec4<u32>>(v);
  memory[at] = bits.x; memory[at + 1] = bits.y; memory[at + 2] = bits.z; memory[at + 3] = bits.w;
}
fn stride_of(pixels: i32) -> i32 { return (pixels + 31) & ~31; }
`;

export function programOf({ declarations = '', body, integers, floats = {} }: Dispatch): string {
  const fields = [
    ...Object.keys(integers).map((name) => `${name}: i32`),
    ...Object.keys(floats).map((name) => `${name}: f32`),
    'threads: i32',
  ];
  return `struct Call { ${fields.join(', ')} }
@group(0) @binding(0) var<storage, read_write> memory: array<u32>;
@group(0) @binding(1) var<uniform> call: Call;
${library}${declarations}
fn run(i: i32) {
${body}
}
@compute @workgroup_size(${workgroupSize})
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = i32((group.y * groups.x + group.x) * ${workgroupSize} + lane);
  if (i < call.threads) { run(i); }
}
`;
}

/** The numbers as the struct has them. WGSL does not promise infinities: bounds that are none become the largest numbers. */
export function numbersOf({ integers, floats = {}, threads }: Dispatch): Uint8Array {
  const most = 3.4028234663852886e38;
  const whole = Object.values(integers);
  const broken = Object.values(floats);
  const view = new DataView(new ArrayBuffer(4 * (whole.length + broken.length + 1)));
  for (const [i, value] of whole.entries()) view.setInt32(4 * i, value, true);
  for (const [i, value] of broken.entries()) {
    view.setFloat32(4 * (whole.length + i), Math.min(Math.max(value, -most), most), true);
  }
  view.setInt32(view.byteLength - 4, threads, true);
  return new Uint8Array(view.buffer);
}
