/**
 * What happens to every weight while a network loads, in WebAssembly: unpacking, counting, and the layouts of variants.
 * As JavaScript, which is interpreted when a session starts, it took most of the time from file to first result. The
 * module has a memory of its own, so that none of a session's stays behind.
 */

import { code } from './modules/packing.generated.ts';
import { decodeBase64 } from './wasm/base64.ts';

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
  packDot(values: number, rows: number, columns: number, bits: number, offset: number, to: number): void;
  packVector(values: number, rows: number, columns: number, to: number): void;
  packVector2(values: number, rows: number, columns: number, to: number): void;
  packVector4(values: number, rows: number, columns: number, to: number): void;
}

/** Integers several to a byte: each code names a row of `table`. They are unpacked where they are needed. */
export class PackedValues {
  /** Eight bytes for each of 256 codes. */
  readonly wide: Uint8Array;

  /** `refuse` makes the error for a code without a row. */
  constructor(
    readonly codes: Uint8Array,
    readonly table: Int8Array,
    /** Columns of `table`, at most 8. */
    readonly perByte: number,
    readonly length: number,
    readonly refuse: (code: number) => Error,
  ) {
    this.wide = wideTable(table, perByte);
  }

  unpack(): Int8Array {
    return inMemory(this, 0, (own, from) => new Int8Array(viewOf(own, from, this.length).slice().buffer));
  }
}

export type IntegerValues = Int8Array | PackedValues;

export const toIntegers = (values: IntegerValues): Int8Array =>
  values instanceof PackedValues ? values.unpack() : values;

/** A matrix of integers, row-major. */
export interface Integers {
  readonly rows: number;
  readonly columns: number;
  readonly values: IntegerValues;
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
export type RowLayout = 'Dense8' | 'Dense4' | 'Vector' | 'Vector2' | 'Vector4';

/** Behind what the compiler may have placed. */
const start = 1024;
/** What loads and stores may touch behind the end. */
const slack = 64;
const pageBytes = 65_536;

let compiled: WebAssembly.Module | undefined;
let instance: PackingExports | undefined;

/** Gives the memory back, which is as large as the largest matrix needed. */
export function freePacking(): void {
  instance = undefined;
}

const align = (bytes: number): number => (bytes + 15) & ~15;

const tables = new WeakMap<Int8Array, Uint8Array>();

function wideTable(table: Int8Array, perByte: number): Uint8Array {
  const known = tables.get(table);
  if (known) return known;
  const wide = new Uint8Array(256 * 8);
  for (let i = 0; i < Math.min(table.length, 256 * perByte); i++) {
    wide[8 * Math.floor(i / perByte) + (i % perByte)] = table[i]!;
  }
  tables.set(table, wide);
  return wide;
}

/** Calls `work` with memory that holds the values `from` an address, and `bytes` zeros at another. */
function inMemory<T>(
  values: IntegerValues,
  bytes: number,
  work: (own: PackingExports, from: number, to: number) => T,
): T {
  compiled ??= new WebAssembly.Module(decodeBase64(code));
  instance ??= new WebAssembly.Instance(compiled).exports as unknown as PackingExports;
  const own = instance;
  const from = start + 256 * 8;
  const to = align(from + values.length);
  const end = Math.max(to + bytes, from + (values instanceof PackedValues ? packedEnd(values) : 0)) + slack;
  const missing = Math.ceil(end / pageBytes) - own.memory.buffer.byteLength / pageBytes;
  if (missing > 0) own.memory.grow(missing);
  const memory = new Uint8Array(own.memory.buffer);
  if (values instanceof PackedValues) unpackTo(own, memory, values, from);
  else memory.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), from);
  memory.fill(0, to, to + bytes + slack);
  return work(own, from, to);
}

const packedEnd = ({ codes, perByte }: PackedValues): number => codes.length * perByte + 8;

/** The codes lie at the end of what becomes of them, where writing does not overtake reading. */
function unpackTo(own: PackingExports, memory: Uint8Array, values: PackedValues, to: number): void {
  const { codes, wide, table, perByte, refuse } = values;
  const codesAt = to + packedEnd(values) - codes.length;
  memory.set(wide, start);
  memory.set(codes, codesAt);
  const rows = table.length / perByte;
  if (own.unpack(codesAt, codes.length, start, perByte, to) >= rows) throw refuse(codes.find((code) => code >= rows)!);
}

/** Of the memory, until the next call of anything here. */
const viewOf = ({ memory }: PackingExports, at: number, length: number): Uint8Array =>
  new Uint8Array(memory.buffer, at, length);

const measures = new WeakMap<IntegerValues, Measure>();

/** What is counted of a matrix. Values that are given again have not changed. */
export function measure({ rows, columns, values }: Integers): Measure {
  const known = measures.get(values);
  if (known?.sums.length === rows) return known;
  const measured = inMemory(values, 16 + 4 * rows, (own, from, to) => {
    own.measure(from, rows, columns, to);
    const report = new Int32Array(viewOf(own, to, 16 + 4 * rows).slice().buffer);
    const [nonZeros = 0, least = 0, most = 0, widest = 0] = report;
    return { nonZeros, least, most, widest, sums: report.subarray(4) };
  });
  measures.set(values, measured);
  return measured;
}

// Layouts are views of the memory, until the next call of anything here.

/** `bytes` of a layout. */
export function packRows({ rows, columns, values }: Integers, layout: RowLayout, bytes: number): Uint8Array {
  return inMemory(values, bytes, (own, from, to) => {
    own[`pack${layout}`](from, rows, columns, to);
    return viewOf(own, to, bytes);
  });
}

/** The layout of variants/dot.ts, of so many `bytes`: fields of `bits` bits, plus `offset`. */
export function packDot(matrix: Integers, bits: number, offset: number, bytes: number): Uint8Array {
  const { rows, columns, values } = matrix;
  return inMemory(values, bytes, (own, from, to) => {
    own.packDot(from, rows, columns, bits, offset, to);
    return viewOf(own, to, bytes);
  });
}

/** The layout of variants/lookup.ts; `isCut` where int16 sums could overflow. */
export function packLookup({ rows, columns, values }: Integers, group: number, isCut: boolean): Uint8Array {
  const groups = Math.ceil(columns / group);
  const header = 4 * (2 + groups) + 16;
  const terms = align(4 * rows);
  return inMemory(values, terms + header + groups * rows, (own, from, at) => {
    const to = at + terms;
    own.packLookup(from, rows, columns, group, Number(isCut), at, to);
    const spans = new DataView(own.memory.buffer).getUint32(to, true);
    return viewOf(own, to, align(4 * (1 + spans)) + align(groups * rows + 3));
  });
}

/** The layout of variants/listed.ts; `isWide` where a row has too many terms for an int16 sum. */
export function packLists(matrix: Integers, isWide: boolean): Uint8Array {
  const { rows, columns, values } = matrix;
  // of each chunk a head, and of each of its lists what leads over gaps and makes it even
  const chunks = rows * Math.ceil(columns / 255);
  const most = 2 + measure(matrix).nonZeros + chunks * (4 + 2 * (1 + Math.ceil(columns / 128)));
  return inMemory(values, most, (own, from, to) => {
    return viewOf(own, to, align(own.packLists(from, rows, columns, Number(isWide), to)));
  });
}
