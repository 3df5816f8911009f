// The layout of variants/listed.ts: chunks of gaps.

/** Of how many terms int16 can hold the sum. */
const mostTerms: i32 = 255;

/** A column of zeros follows each so many columns. */
const columnsPerZero: i32 = 128;
const group: i32 = columnsPerZero + 1;
const mostGap: i32 = 255;

// @inline
function slotOf(column: i32): i32 {
  return column + column / columnsPerZero;
}

/** The first column from `c` on that is not zero, or `columns`. */
// @inline
function nextTerm(values: usize, c: i32, columns: i32): i32 {
  while (c + 8 <= columns && load<u64>(values + c) === 0) c += 8;
  while (c < columns && load<u8>(values + c) === 0) c++;
  return c;
}

/** Gaps of the columns from `first` to before `end` that have this sign, an even number of bytes; where they end. */
function listGaps(values: usize, columns: i32, first: i32, end: i32, sign: i32, to: usize): usize {
  const start = to;
  let last: i32 = 0;
  for (let c = nextTerm(values, first, end); c < end; c = nextTerm(values, c + 1, end)) {
    if (<i32>load<i8>(values + c) !== sign) continue;
    const slot = slotOf(c);
    while (slot - last > mostGap) {
      const zero = ((last + mostGap - columnsPerZero) / group) * group + columnsPerZero;
      store<u8>(to++, <u8>(zero - last));
      last = zero;
    }
    store<u8>(to++, <u8>(slot - last));
    last = slot;
  }
  if ((to - start) & 1) {
    const zero = min((last / group) * group + columnsPerZero, slotOf(columns - 1) + 1);
    store<u8>(to++, <u8>(zero - last));
  }
  return to;
}

/** Returns how many bytes there are. */
export function packLists(values: usize, rows: i32, columns: i32, isWide: bool, to: usize): i32 {
  const start = to;
  store<u16>(to, isWide ? 1 : 0);
  to += 2;
  for (let row = 0; row < rows; row++, values += columns) {
    let first: i32 = 0;
    do {
      let end = first;
      let terms: i32 = 0;
      for (let c = nextTerm(values, first, columns); c < columns && terms < mostTerms; terms++) {
        end = c + 1;
        c = nextTerm(values, end, columns);
      }
      const plus = to + 4;
      const minus = listGaps(values, columns, first, end, 1, plus);
      to = listGaps(values, columns, first, end, -1, minus);
      first = nextTerm(values, end, columns);
      store<u16>(plus - 4, <u16>((minus - plus) >> 1));
      store<u16>(plus - 2, <u16>(((to - minus) >> 1) | (first < columns ? 0 : 0x8000)));
    } while (first < columns);
  }
  return to - start;
}
