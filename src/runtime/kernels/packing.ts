/**
 * What happens to every weight while a network loads, in WebAssembly: unpacking, counting, and the layouts of variants.
 * As JavaScript, which is interpreted when a session starts, it took most of the time from file to first result. The
 * module has a memory of its own, so that none of a session's stays behind.
 */

import { packing } from './modules.generated.ts';
import { decodeBase64 } from './wasm/modules.ts';

/** As assembly/packing/index.ts exports them. Addresses and counts. */
interface PackingExports {
  readonly memory: WebAssembly.Memory;
  unpack(codes: number, count: number, table: number, perByte: number, to: number): number;
  measure(values: number, rows: number, columns: number, report: number): void;
  packLists(values: number, rows: number, columns: number, isWide: number, to: number): number;
  packLookup(
    ...where: [values: number, rows: number, columns: number, group: number, isCut: number, terms: number, to: number]
  ): void;
  packDense8(values: number, rows: number, columns: number, to: number): void;
  packDense4(values: number, rows: number, columns: number, to: number): void;
  packDot(values: number, rows: number, columns: number, to: number): void;
  packVector(values: number, rows: number, columns: number, to: number): void;
  packVector2(values: number, rows: number, columns: number, to: number): void;
  packVector4(values: number, rows: number, columns: number, to: number): void;
}

/** A matrix of integers, row-major. */
export interface Integers {
  readonly rows: number;
  readonly columns: number;
  readonly values: Int8Array;
}

export interface Measure {
  readonly nonZeros: number;
  readonly least: number;
  readonly most: number;
  /** How many of a row are not zero, at most. */
  readonly widest: number;
  /** Of each row. */
  readonly sums: Int32Array;
}

/** Layouts that have every weight at its place. */
export type RowLayout = 'Dense8' | 'Dense4' | 'Dot' | 'Vector' | 'Vector2' | 'Vector4';

/** Behind what the compiler may have placed. */
const start = 1024;
/** What loads and stores may touch behind the end. */
const slack = 64;
const pageBytes = 65_536;
/** Memory that is kept for the next matrix. */
const mostKept = 16 * pageBytes;

let compiled: WebAssembly.Module | undefined;
let instance: PackingExports | undefined;

/** Calls `work` with memory that holds each of `inputs`, and `bytes` zeros behind them. */
function inMemory<T>(
  inputs: readonly Uint8Array[],
  bytes: number,
  work: (own: PackingExports, addresses: readonly number[], at: number) => T,
): T {
  compiled ??= new WebAssembly.Module(decodeBase64(packing));
  instance ??= new WebAssembly.Instance(compiled).exports as unknown as PackingExports;
  const own = instance;
  const addresses: number[] = [];
  let at = start;
  for (const { length } of inputs) {
    addresses.push(at);
    at = align(at + length);
  }
  const end = at + bytes + slack;
  const missing = Math.ceil(end / pageBytes) - own.memory.buffer.byteLength / pageBytes;
  if (missing > 0) own.memory.grow(missing);
  const memory = new Uint8Array(own.memory.buffer);
  for (const [i, input] of inputs.entries()) memory.set(input, addresses[i]!);
  memory.fill(0, at, end);
  try {
    return work(own, addresses, at);
  } finally {
    if (own.memory.buffer.byteLength > mostKept) instance = undefined;
  }
}

const align = (bytes: number): number => (bytes + 15) & ~15;

const bytesOf = ({ buffer, byteOffset, byteLength }: Int8Array): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);

const copyOf = ({ memory }: PackingExports, at: number, length: number): Uint8Array<ArrayBuffer> =>
  new Uint8Array(memory.buffer as ArrayBuffer).slice(at, at + length);

/**
 * The first `count` values that bytes stand for: rows of `perByte` values (8 at most) of `table`. Undefined where a byte
 * names no row.
 */
export function unpackBytes(codes: Uint8Array, table: Int8Array, perByte: number, count: number): Int8Array | undefined {
  const rows = table.length / perByte;
  const wide = new Uint8Array(256 * 8);
  for (let row = 0; row < Math.min(rows, 256); row++) {
    for (let i = 0; i < perByte; i++) wide[8 * row + i] = table[row * perByte + i]!;
  }
  return inMemory([codes, wide], codes.length * perByte + 8, (own, [from, tableAt], to) => {
    if (own.unpack(from!, codes.length, tableAt!, perByte, to) >= rows) return undefined;
    return new Int8Array(copyOf(own, to, count).buffer);
  });
}

export function measure({ rows, columns, values }: Integers): Measure {
  return inMemory([bytesOf(values)], 16 + 4 * rows, (own, [from], to) => {
    own.measure(from!, rows, columns, to);
    const report = new Int32Array(copyOf(own, to, 16 + 4 * rows).buffer);
    const [nonZeros = 0, least = 0, most = 0, widest = 0] = report;
    return { nonZeros, least, most, widest, sums: report.subarray(4) };
  });
}

/** `bytes` of a layout. */
export function packRows({ rows, columns, values }: Integers, layout: RowLayout, bytes: number): Uint8Array {
  return inMemory([bytesOf(values)], bytes, (own, [from], to) => {
    own[`pack${layout}`](from!, rows, columns, to);
    return copyOf(own, to, bytes);
  });
}

/** The layout of variants/lookup.ts; `isCut` where int16 sums could overflow. */
export function packLookup({ rows, columns, values }: Integers, group: number, isCut: boolean): Uint8Array {
  const groups = Math.ceil(columns / group);
  const header = 4 * (2 + groups) + 16;
  const terms = align(4 * rows);
  return inMemory([bytesOf(values)], terms + header + groups * rows, (own, [from], at) => {
    const to = at + terms;
    own.packLookup(from!, rows, columns, group, Number(isCut), at, to);
    const spans = new DataView(own.memory.buffer).getUint32(to, true);
    return copyOf(own, to, align(4 * (1 + spans)) + align(groups * rows + 3));
  });
}

/** The layout of variants/listed.ts; `nonZeros` of all rows, `isWide` where one has too many for an int16 sum. */
export function packLists({ rows, columns, values }: Integers, nonZeros: number, isWide: boolean): Uint8Array {
  // of each chunk a head, and of each of its lists what leads over gaps and makes it even
  const chunks = rows * Math.ceil(columns / 255);
  const most = 2 + nonZeros + chunks * (4 + 2 * (1 + Math.ceil(columns / 128)));
  return inMemory([bytesOf(values)], most, (own, [from], to) => {
    const bytes = own.packLists(from!, rows, columns, Number(isWide), to);
    return copyOf(own, to, align(bytes));
  });
}
