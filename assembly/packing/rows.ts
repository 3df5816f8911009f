// Layouts that have every weight at its place: variants/dense.ts, dot.ts and vector.ts say which. The memory at `to` holds
// zeros before.

// @inline
function dense(values: usize, rows: i32, columns: i32, to: usize, four: bool): void {
  const pairs = (columns + 1) >> 1;
  const pairBytes: i32 = four ? 4 : 8;
  for (let row = 0; row < rows; row++) {
    const size: i32 = four ? 1 : 2;
    let at = to + (row >> 2) * pairs * pairBytes + (row & 3) * size;
    const end = values + columns;
    for (; values < end; values += 2, at += pairBytes) {
      const isPair = values + 1 < end;
      if (four) {
        const second = isPair ? <i32>load<i8>(values, 1) : 0;
        store<u8>(at, <u8>(<i32>load<i8>(values) + 8 + ((second + 8) << 4)));
      } else if (isPair) {
        store<u16>(at, load<u16>(values));
      } else {
        store<u8>(at, load<u8>(values));
      }
    }
    values = end;
  }
  // rows that are missing
  if (four) {
    for (let row = rows; (row & 3) !== 0; row++) {
      let at = to + (row >> 2) * pairs * pairBytes + (row & 3);
      for (let pair = 0; pair < pairs; pair++, at += pairBytes) store<u8>(at, 0x88);
    }
  }
}

export function packDense8(values: usize, rows: i32, columns: i32, to: usize): void {
  dense(values, rows, columns, to, false);
}

export function packDense4(values: usize, rows: i32, columns: i32, to: usize): void {
  dense(values, rows, columns, to, true);
}

/**
 * Fields of `bits` bits, four columns a step, plus `offset`; those of the next step are in the higher bits of the same
 * bytes. What is missing is `offset`.
 */
export function packDot(values: usize, rows: i32, columns: i32, bits: i32, offset: i32, to: usize): void {
  const perVector = 8 / bits;
  const mask: i32 = (1 << bits) - 1;
  const vectors = (((columns + 3) >> 2) + perVector - 1) / perVector;
  let empty = 0;
  for (let shift = 0; shift < 8; shift += bits) empty |= offset << shift;
  memory.fill(to, <u8>empty, ((rows + 3) >> 2) * vectors * 16);
  for (let row = 0; row < rows; row++) {
    const start = to + (row >> 2) * vectors * 16 + ((row & 3) << 2);
    for (let c = 0; c < columns; c++, values++) {
      const step = c >> 2;
      const at = start + (step / perVector) * 16 + (c & 3);
      const shift = (step % perVector) * bits;
      const field = (<i32>load<i8>(values) + offset) & mask;
      store<u8>(at, <u8>((<i32>load<u8>(at) & ~(mask << shift)) | (field << shift)));
    }
  }
}

export function packVector(values: usize, rows: i32, columns: i32, to: usize): void {
  const width = (columns + 15) & ~15;
  for (let row = 0; row < rows; row++, values += columns, to += width) memory.copy(to, values, columns);
}

/** Fields of `bits` in words of 16 bits, eight words a vector; `offset` makes values positive. */
// @inline
function fields(values: usize, rows: i32, columns: i32, to: usize, bits: i32, offset: i32): void {
  // 2: 64 columns a vector, of which the upper bits of their number are the field; 4: 32
  const width: i32 = bits === 2 ? 64 : 32;
  const rowBytes = ((columns + width - 1) / width) << 4;
  for (let row = 0; row < rows; row++, to += rowBytes) {
    for (let c = 0; c < columns; c++, values++) {
      const at = to + ((c / width) << 4) + ((c & 7) << 1);
      const shift = ((c & (width - 1)) >> 3) * bits;
      store<u16>(at, load<u16>(at) | <u16>((<i32>load<i8>(values) + offset) << shift));
    }
  }
}

export function packVector2(values: usize, rows: i32, columns: i32, to: usize): void {
  fields(values, rows, columns, to, 2, 1);
}

export function packVector4(values: usize, rows: i32, columns: i32, to: usize): void {
  fields(values, rows, columns, to, 4, 8);
}
