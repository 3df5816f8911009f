// Ternary product by listed additions: see src/runtime/kernels/variants/listed.ts for the layout. A tile of all
// columns, 64 bytes each (32 int16 or 16 float32), lies in the scratch memory, with columns of zeros among them.

import { epilogueOf, productOf } from './call';
import { finishRows } from './epilogue';

/** A column of zeros follows each so many columns, and the last one. */
const columnsPerZero: i32 = 128;

/** Copies a tile of the planes, int8 widened to int16, with the zeros in it. */
// @inline
function copyTile<T>(tile: usize, x: usize, stride: usize, columns: i32): void {
  for (; columns > 0; columns -= columnsPerZero) {
    const end = tile + ((<usize>min(columns, columnsPerZero)) << 6);
    for (; tile < end; tile += 64, x += stride) {
      if (isFloat<T>()) {
        v128.store(tile, v128.load(x));
        v128.store(tile, v128.load(x, 16), 16);
        v128.store(tile, v128.load(x, 32), 32);
        v128.store(tile, v128.load(x, 48), 48);
      } else {
        v128.store(tile, v128.load8x8_s(x));
        v128.store(tile, v128.load8x8_s(x, 8), 16);
        v128.store(tile, v128.load8x8_s(x, 16), 32);
        v128.store(tile, v128.load8x8_s(x, 24), 48);
      }
    }
    memory.fill(tile, 0, 64);
    tile += 64;
  }
}

/** Sums of `vectors` vectors of one tile, of all rows: int16 or float32 at `sums`, or int32 if `wide`. */
// @inline
function addRows<T>(list: usize, tile: usize, sums: usize, rows: i32, vectors: i32, wide: bool): void {
  const none = i32x4.splat(0);
  for (let row = 0; row < rows; row++) {
    let a = none;
    let b = none;
    let c = none;
    let d = none;
    if (wide) memory.fill(sums, 0, 128);
    let isLast = false;
    while (!isLast) {
      const pairs = <usize>load<u16>(list, 2);
      const plus = list + 4 + ((<usize>load<u16>(list)) << 1);
      const minus = plus + ((pairs & 0x7fff) << 1);
      isLast = pairs >= 0x8000;
      list += 4;
      if (wide) {
        a = none;
        b = none;
        c = none;
        d = none;
      }
      let j = tile;
      for (; list < plus; list += 2) {
        const gaps = <usize>load<u16>(list);
        const i = j + ((gaps << 6) & 0x3fc0);
        j = i + ((gaps >> 2) & 0x3fc0);
        a = v128.add<T>(a, v128.load(i, 0));
        if (vectors > 1) b = v128.add<T>(b, v128.load(i, 16));
        if (vectors > 2) c = v128.add<T>(c, v128.load(i, 32));
        if (vectors > 3) d = v128.add<T>(d, v128.load(i, 48));
        a = v128.add<T>(a, v128.load(j, 0));
        if (vectors > 1) b = v128.add<T>(b, v128.load(j, 16));
        if (vectors > 2) c = v128.add<T>(c, v128.load(j, 32));
        if (vectors > 3) d = v128.add<T>(d, v128.load(j, 48));
      }
      j = tile;
      for (; list < minus; list += 2) {
        const gaps = <usize>load<u16>(list);
        const i = j + ((gaps << 6) & 0x3fc0);
        j = i + ((gaps >> 2) & 0x3fc0);
        a = v128.sub<T>(a, v128.load(i, 0));
        if (vectors > 1) b = v128.sub<T>(b, v128.load(i, 16));
        if (vectors > 2) c = v128.sub<T>(c, v128.load(i, 32));
        if (vectors > 3) d = v128.sub<T>(d, v128.load(i, 48));
        a = v128.sub<T>(a, v128.load(j, 0));
        if (vectors > 1) b = v128.sub<T>(b, v128.load(j, 16));
        if (vectors > 2) c = v128.sub<T>(c, v128.load(j, 32));
        if (vectors > 3) d = v128.sub<T>(d, v128.load(j, 48));
      }
      if (wide) {
        addWide(sums, a);
        if (vectors > 1) addWide(sums + 32, b);
        if (vectors > 2) addWide(sums + 64, c);
        if (vectors > 3) addWide(sums + 96, d);
      }
    }
    if (wide) {
      sums += 128;
    } else {
      v128.store(sums, a, 0);
      if (vectors > 1) v128.store(sums, b, 16);
      if (vectors > 2) v128.store(sums, c, 32);
      if (vectors > 3) v128.store(sums, d, 48);
      sums += 64;
    }
  }
}

// @inline
function addWide(sums: usize, values: v128): void {
  v128.store(sums, i32x4.add(v128.load(sums), i32x4.extend_low_i16x8_s(values)));
  v128.store(sums, i32x4.add(v128.load(sums, 16), i32x4.extend_high_i16x8_s(values)), 16);
}

/** A tile at the end of a row of tiles has fewer vectors. */
function addVectors<T>(list: usize, tile: usize, sums: usize, rows: i32, vectors: i32): void {
  if (vectors === 4) addRows<T>(list, tile, sums, rows, 4, false);
  else if (vectors === 3) addRows<T>(list, tile, sums, rows, 3, false);
  else if (vectors === 2) addRows<T>(list, tile, sums, rows, 2, false);
  else addRows<T>(list, tile, sums, rows, 1, false);
}

// @inline
function listed<T>(call: usize): void {
  const e = epilogueOf(call);
  const p = productOf(call);
  const rows = p.rows;
  const tile = p.scratch;
  const sums = tile + ((<usize>(p.columns + (p.columns + columnsPerZero - 1) / columnsPerZero)) << 6);
  const wide = !isFloat<T>() && load<u16>(p.data) !== 0;
  const lanes = isFloat<T>() ? 4 : 8;
  const pixels = 4 * lanes;
  for (let pixel = p.from; pixel < p.to; pixel += pixels) {
    copyTile<T>(tile, p.x + pixel * (isFloat<T>() ? 4 : 1), p.xStride, p.columns);
    const y = p.y + pixel * (e.type === 0 ? 1 : 4);
    const vectors = min((p.to - pixel + lanes - 1) / lanes, 4);
    const eights = isFloat<T>() ? (vectors + 1) >> 1 : vectors;
    if (wide) {
      addRows<T>(p.data + 2, tile, sums, rows, 4, true);
      finishRows<i32>(e, 0, rows, sums, 128, y, p.yStride, eights);
    } else {
      addVectors<T>(p.data + 2, tile, sums, rows, vectors);
      finishRows<T>(e, 0, rows, sums, 64, y, p.yStride, eights);
    }
  }
}

export function ternary_listed_int8(call: usize): void {
  listed<i16>(call);
}

export function ternary_listed_float32(call: usize): void {
  listed<f32>(call);
}
