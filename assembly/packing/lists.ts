// The layout of variants/listed.ts: chunks of gaps.

const columnBits: i32 = 7;

/** Of how many terms int16 can hold the sum. */
const mostTerms: i32 = 255;

/** A column of zeros follows each so many columns. */
const columnsPerZero: i32 = 1 << columnBits;
const group: i32 = columnsPerZero + 1;
const mostGap: i32 = 255;

// @inline
function slotOf(column: i32): i32 {
  return column + (column >> columnBits);
}

/** Which of the 16 values from `c` on, before `end`, are not zero: a bit each. */
// @inline
function termsAt(values: usize, c: i32, end: i32): i32 {
  return i8x16.bitmask(i8x16.ne(v128.load(values + c), i32x4.splat(0))) & maskBefore(c, end);
}

// @inline
function maskBefore(c: i32, end: i32): i32 {
  return end - c < 16 ? (1 << (end - c)) - 1 : 0xffff;
}

/** Behind the `mostTerms`th value from `first` on that is not zero; `columns` where there are not more. */
function endOfChunk(values: usize, first: i32, columns: i32): i32 {
  let terms: i32 = 0;
  for (let c = first; c < columns; c += 16) {
    let mask = termsAt(values, c, columns);
    const count = popcnt<i32>(mask);
    if (terms + count <= mostTerms) {
      terms += count;
      continue;
    }
    for (; terms < mostTerms; terms++) mask &= mask - 1;
    // the next one begins a chunk
    return c + ctz<i32>(mask);
  }
  return columns;
}

/** Gaps of the columns from `first` to before `end` that have this sign, an even number of bytes; where they end. */
function listGaps(values: usize, columns: i32, first: i32, end: i32, sign: i8, to: usize): usize {
  const start = to;
  const wanted = i8x16.splat(sign);
  let last: i32 = 0;
  for (let c = first; c < end; c += 16) {
    let mask = i8x16.bitmask(i8x16.eq(v128.load(values + c), wanted)) & maskBefore(c, end);
    for (; mask !== 0; mask &= mask - 1) {
      const slot = slotOf(c + ctz<i32>(mask));
      while (slot - last > mostGap) {
        const zero = ((last + mostGap - columnsPerZero) / group) * group + columnsPerZero;
        store<u8>(to++, <u8>(zero - last));
        last = zero;
      }
      store<u8>(to++, <u8>(slot - last));
      last = slot;
    }
  }
  if ((to - start) & 1) {
    const zero = min((last / group) * group + columnsPerZero, slotOf(columns - 1) + 1);
    store<u8>(to++, <u8>(zero - last));
  }
  return to;
}

/** Returns how many bytes there are. Up to 15 bytes behind the values are read. */
export function packLists(values: usize, rows: i32, columns: i32, isWide: bool, to: usize): i32 {
  const start = to;
  store<u16>(to, isWide ? 1 : 0);
  to += 2;
  for (let row = 0; row < rows; row++, values += columns) {
    let first: i32 = 0;
    do {
      const end = isWide ? endOfChunk(values, first, columns) : columns;
      const plus = to + 4;
      const minus = listGaps(values, columns, first, end, 1, plus);
      to = listGaps(values, columns, first, end, -1, minus);
      first = end;
      store<u16>(plus - 4, <u16>((minus - plus) >> 1));
      store<u16>(plus - 2, <u16>(((to - minus) >> 1) | (first < columns ? 0 : 0x8000)));
    } while (first < columns);
  }
  return to - start;
}
