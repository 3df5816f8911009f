// Ternary product by looked-up partial sums: see src/runtime/kernels/variants/lookup.ts for idea and layout. T is i16
// (int8 activations, 32 pixels a tile) or f32 (16 pixels a tile); an entry of a table has 64 bytes either way.

import { epilogueOf, productOf } from './call';
import { finishRows } from './epilogue';

const entry: i32 = 64;

/** Groups whose tables are in the scratch memory at a time: a row names their entries by the bytes of one word. */
const blockGroups: i32 = 4;

/** Four or eight activations of a plane, as T. */
// @inline
function lanesAt<T>(at: usize): v128 {
  return isFloat<T>() ? v128.load(at) : v128.load8x8_s(at);
}

/** a + (-1, 0, 1) y + (-1, 0, 1) z: nine entries, z fastest. `sum` = y + z, `difference` = y - z. */
// @inline
function storeNine<T>(at: usize, a: v128, y: v128, z: v128, sum: v128, difference: v128): void {
  v128.store(at, v128.sub<T>(a, sum), 0);
  v128.store(at, v128.sub<T>(a, y), entry);
  v128.store(at, v128.sub<T>(a, difference), 2 * entry);
  v128.store(at, v128.sub<T>(a, z), 3 * entry);
  v128.store(at, a, 4 * entry);
  v128.store(at, v128.add<T>(a, z), 5 * entry);
  v128.store(at, v128.add<T>(a, difference), 6 * entry);
  v128.store(at, v128.add<T>(a, y), 7 * entry);
  v128.store(at, v128.add<T>(a, sum), 8 * entry);
}

/** All 27 signed sums of x, y, z. */
// @inline
function storeTable3<T>(at: usize, x: v128, y: v128, z: v128): void {
  const sum = v128.add<T>(y, z);
  const difference = v128.sub<T>(y, z);
  storeNine<T>(at, v128.neg<T>(x), y, z, sum, difference);
  storeNine<T>(at + 9 * entry, i32x4.splat(0), y, z, sum, difference);
  storeNine<T>(at + 18 * entry, x, y, z, sum, difference);
}

/** All 81 signed sums of w, x, y, z. */
// @inline
function storeTable4<T>(at: usize, w: v128, x: v128, y: v128, z: v128): void {
  const sum = v128.add<T>(y, z);
  const difference = v128.sub<T>(y, z);
  const s = v128.add<T>(w, x);
  const d = v128.sub<T>(w, x);
  storeNine<T>(at, v128.neg<T>(s), y, z, sum, difference);
  storeNine<T>(at + 9 * entry, v128.neg<T>(w), y, z, sum, difference);
  storeNine<T>(at + 18 * entry, v128.neg<T>(d), y, z, sum, difference);
  storeNine<T>(at + 27 * entry, v128.neg<T>(x), y, z, sum, difference);
  storeNine<T>(at + 36 * entry, i32x4.splat(0), y, z, sum, difference);
  storeNine<T>(at + 45 * entry, x, y, z, sum, difference);
  storeNine<T>(at + 54 * entry, d, y, z, sum, difference);
  storeNine<T>(at + 63 * entry, w, y, z, sum, difference);
  storeNine<T>(at + 72 * entry, s, y, z, sum, difference);
}

/** The table of one group, for `vectors` vectors of pixels; planes beyond the last column are `zeros`, of 64 bytes. */
// @inline
function buildTable<T>(group: i32, at: usize, x: usize, stride: usize, columns: i32, vectors: i32, zeros: usize): void {
  const step: usize = isFloat<T>() ? 16 : 8;
  const end = at + (vectors << 4);
  let x1 = columns > 1 ? x + stride : zeros;
  let x2 = columns > 2 ? x1 + stride : zeros;
  let x3 = columns > 3 ? x2 + stride : zeros;
  for (; at < end; at += 16, x += step, x1 += step, x2 += step, x3 += step) {
    const a = lanesAt<T>(x);
    const b = lanesAt<T>(x1);
    const c = lanesAt<T>(x2);
    if (group === 4) storeTable4<T>(at, a, b, c, lanesAt<T>(x3));
    else storeTable3<T>(at, a, b, c);
  }
}

/** Where the entry that byte `k` of a row's word names begins in its table. */
// @inline
function entryAt(tables: usize, word: u32, k: u32): usize {
  return tables + (((word >> (k << 3)) & 0xff) << 6);
}

/** Adds the entries of `count` groups, of `vectors` vectors, to each row's sums, or sets the sums if it is the `first` block. */
// @inline
function addBlock<T>(
  entries: usize,
  tables: usize,
  tableBytes: usize,
  sums: usize,
  rows: i32,
  count: i32,
  vectors: i32,
  first: bool,
): void {
  const second = tables + tableBytes;
  const third = second + tableBytes;
  const fourth = third + tableBytes;
  const end = sums + (rows << 6);
  for (; sums < end; sums += 64, entries += count) {
    // bytes beyond the row's own are not looked at
    const word = load<u32>(entries);
    let at = entryAt(tables, word, 0);
    let a = v128.load(at, 0);
    let b = a;
    let c = a;
    let d = a;
    if (vectors > 1) b = v128.load(at, 16);
    if (vectors > 2) c = v128.load(at, 32);
    if (vectors > 3) d = v128.load(at, 48);
    if (!first) {
      a = v128.add<T>(a, v128.load(sums, 0));
      if (vectors > 1) b = v128.add<T>(b, v128.load(sums, 16));
      if (vectors > 2) c = v128.add<T>(c, v128.load(sums, 32));
      if (vectors > 3) d = v128.add<T>(d, v128.load(sums, 48));
    }
    if (count > 1) {
      at = entryAt(second, word, 1);
      a = v128.add<T>(a, v128.load(at, 0));
      if (vectors > 1) b = v128.add<T>(b, v128.load(at, 16));
      if (vectors > 2) c = v128.add<T>(c, v128.load(at, 32));
      if (vectors > 3) d = v128.add<T>(d, v128.load(at, 48));
    }
    if (count > 2) {
      at = entryAt(third, word, 2);
      a = v128.add<T>(a, v128.load(at, 0));
      if (vectors > 1) b = v128.add<T>(b, v128.load(at, 16));
      if (vectors > 2) c = v128.add<T>(c, v128.load(at, 32));
      if (vectors > 3) d = v128.add<T>(d, v128.load(at, 48));
    }
    if (count > 3) {
      at = entryAt(fourth, word, 3);
      a = v128.add<T>(a, v128.load(at, 0));
      if (vectors > 1) b = v128.add<T>(b, v128.load(at, 16));
      if (vectors > 2) c = v128.add<T>(c, v128.load(at, 32));
      if (vectors > 3) d = v128.add<T>(d, v128.load(at, 48));
    }
    v128.store(sums, a, 0);
    if (vectors > 1) v128.store(sums, b, 16);
    if (vectors > 2) v128.store(sums, c, 32);
    if (vectors > 3) v128.store(sums, d, 48);
  }
}

/**
 * What is left over of a row, once a tile: all vectors, and what becomes of those that are missing is not looked at.
 */
function addRest<T>(
  entries: usize,
  tables: usize,
  tableBytes: usize,
  sums: usize,
  rows: i32,
  count: i32,
  first: bool,
): void {
  if (first) memory.fill(sums, 0, rows << 6);
  if (count === 1) addBlock<T>(entries, tables, tableBytes, sums, rows, 1, 4, false);
  else if (count === 2) addBlock<T>(entries, tables, tableBytes, sums, rows, 2, 4, false);
  else addBlock<T>(entries, tables, tableBytes, sums, rows, 3, 4, false);
}

/** Blocks of four groups, and what may be left over. */
// @inline
function addGroups<T>(
  entries: usize,
  tables: usize,
  tableBytes: usize,
  sums: usize,
  rows: i32,
  count: i32,
  vectors: i32,
  first: bool,
): void {
  if (count === 4) {
    if (first) addBlock<T>(entries, tables, tableBytes, sums, rows, 4, vectors, true);
    else addBlock<T>(entries, tables, tableBytes, sums, rows, 4, vectors, false);
    return;
  }
  addRest<T>(entries, tables, tableBytes, sums, rows, count, first);
}

/** A tile at the end of a row of tiles has fewer vectors. */
// @inline
function addVectors<T>(
  entries: usize,
  tables: usize,
  tableBytes: usize,
  sums: usize,
  rows: i32,
  count: i32,
  vectors: i32,
  first: bool,
): void {
  if (vectors === 4) addGroups<T>(entries, tables, tableBytes, sums, rows, count, 4, first);
  else if (vectors === 3) addGroups<T>(entries, tables, tableBytes, sums, rows, count, 3, first);
  else if (vectors === 2) addGroups<T>(entries, tables, tableBytes, sums, rows, count, 2, first);
  else addGroups<T>(entries, tables, tableBytes, sums, rows, count, 1, first);
}

// The distance of tables has to be a constant for the compiler: these two are 7 % slower as one.

function addGroups4<T>(
  entries: usize,
  tables: usize,
  sums: usize,
  rows: i32,
  count: i32,
  vectors: i32,
  first: bool,
): void {
  addVectors<T>(entries, tables, 81 * entry, sums, rows, count, vectors, first);
}

function addGroups3<T>(
  entries: usize,
  tables: usize,
  sums: usize,
  rows: i32,
  count: i32,
  vectors: i32,
  first: bool,
): void {
  addVectors<T>(entries, tables, 27 * entry, sums, rows, count, vectors, first);
}

/** Adds int16 sums to int32 ones, or sets these. */
function widen(sums: usize, wide: usize, rows: i32, first: bool): void {
  const end = sums + (rows << 6);
  for (; sums < end; sums += 8, wide += 16) {
    const values = v128.load16x4_s(sums);
    v128.store(wide, first ? values : i32x4.add(values, v128.load(wide)));
  }
}

// @inline
function lookup<T>(call: usize, group: i32): void {
  const e = epilogueOf(call);
  const p = productOf(call);
  const rows = p.rows;
  const tableBytes: usize = (group === 4 ? 81 : 27) * entry;
  const zeros = p.scratch;
  const tables = zeros + entry;
  const sums = tables + tableBytes * blockGroups;
  const wide = sums + (rows << 6);
  const spans = load<u32>(p.data);
  const entries = p.data + (((1 + spans) * 4 + 15) & ~15);
  const groups = (p.columns + group - 1) / group;
  const lanes = isFloat<T>() ? 4 : 8;
  const tile = lanes * 4;
  memory.fill(zeros, 0, entry);
  for (let pixel = p.from; pixel < p.to; pixel += tile) {
    const vectors = min((p.to - pixel + lanes - 1) / lanes, 4);
    let x = p.x + pixel * (isFloat<T>() ? 4 : 1);
    let at = entries;
    let done = 0;
    for (let span: u32 = 0; span < spans; span++) {
      const end = min(<i32>load<u32>(p.data + (span << 2), 4) * blockGroups, groups);
      let first = true;
      while (done < end) {
        const count = min(blockGroups, groups - done);
        let table = tables;
        for (let g = 0; g < count; g++) {
          buildTable<T>(group, table, x, p.xStride, p.columns - (done + g) * group, vectors, zeros);
          table += tableBytes;
          x += p.xStride * group;
        }
        if (group === 4) addGroups4<T>(at, tables, sums, rows, count, vectors, first);
        else addGroups3<T>(at, tables, sums, rows, count, vectors, first);
        at += count * rows;
        done += count;
        first = false;
      }
      if (!isFloat<T>() && spans > 1) widen(sums, wide, rows, span === 0);
    }
    if (isFloat<T>()) {
      finishRows<f32>(e, 0, rows, sums, 64, p.y + (pixel << 2), p.yStride, (vectors + 1) >> 1);
    } else {
      const y = p.y + pixel * (e.type === 0 ? 1 : 4);
      if (spans > 1) finishRows<i32>(e, 0, rows, wide, 128, y, p.yStride, vectors);
      else finishRows<i16>(e, 0, rows, sums, 64, y, p.yStride, vectors);
    }
  }
}

export function ternary_lookup4_int8(call: usize): void {
  lookup<i16>(call, 4);
}

export function ternary_lookup3_int8(call: usize): void {
  lookup<i16>(call, 3);
}

export function ternary_lookup4_float32(call: usize): void {
  lookup<f32>(call, 4);
}
