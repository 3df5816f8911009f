// Digits out of bytes, and what is counted of weights.

/**
 * Bytes to values: `table` has eight bytes for each code, of which `perByte` are values. Returns the largest code. Up to
 * eight bytes behind the last value are written.
 */
export function unpack(codes: usize, count: i32, table: usize, perByte: i32, to: usize): i32 {
  let most: i32 = 0;
  for (const end = codes + count; codes < end; codes++, to += perByte) {
    const code = <i32>load<u8>(codes);
    most = max(most, code);
    store<i64>(to, load<i64>(table + (code << 3)));
  }
  return most;
}

/**
 * Sums of rows, int32, to `sums`; in front of them, in 16 bytes, how many are not zero, the least and the largest value,
 * and how many of a row are not zero at most.
 */
export function measure(values: usize, rows: i32, columns: i32, report: usize): void {
  const sums = report + 16;
  const whole = columns & ~15;
  const none = i8x16.splat(0);
  let low = none;
  let high = none;
  let least: i32 = 0;
  let most: i32 = 0;
  let nonZeros: i32 = 0;
  let widest: i32 = 0;
  for (let row = 0; row < rows; row++) {
    let total = none;
    let inRow: i32 = 0;
    let c: i32 = 0;
    for (; c < whole; c += 16, values += 16) {
      const v = v128.load(values);
      low = i8x16.min_s(low, v);
      high = i8x16.max_s(high, v);
      inRow += popcnt<i32>(i8x16.bitmask(i8x16.ne(v, none)));
      total = i32x4.add(total, i32x4.extadd_pairwise_i16x8_s(i16x8.extadd_pairwise_i8x16_s(v)));
    }
    let sum =
      i32x4.extract_lane(total, 0) +
      i32x4.extract_lane(total, 1) +
      (i32x4.extract_lane(total, 2) + i32x4.extract_lane(total, 3));
    for (; c < columns; c++, values++) {
      const v = <i32>load<i8>(values);
      least = min(least, v);
      most = max(most, v);
      sum += v;
      if (v !== 0) inRow++;
    }
    store<i32>(sums + (row << 2), sum);
    nonZeros += inRow;
    widest = max(widest, inRow);
  }
  v128.store(report, low);
  for (let i = 0; i < 16; i++) least = min(least, <i32>load<i8>(report + i));
  v128.store(report, high);
  for (let i = 0; i < 16; i++) most = max(most, <i32>load<i8>(report + i));
  store<i32>(report, nonZeros);
  store<i32>(report, least, 4);
  store<i32>(report, most, 8);
  store<i32>(report, widest, 12);
}
