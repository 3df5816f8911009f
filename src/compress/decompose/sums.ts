/**
 * Dense sums with sparse coefficients: the one inner loop of the decomposition. Products are written as sums of contiguous
 * rows, four at a time, since that is what JavaScript engines run fastest; rows whose coefficient is zero cost nothing.
 */

/** `out += sum of coefficients[q] * matrix[rows[q]]` over the first `count` entries; rows of `length` numbers. */
export function addRows(
  matrix: Float64Array,
  length: number,
  rows: Int32Array,
  coefficients: Float64Array,
  count: number,
  out: Float64Array,
): void {
  let q = 0;
  for (; q + 3 < count; q += 4) {
    const a = rows[q]! * length;
    const b = rows[q + 1]! * length;
    const c = rows[q + 2]! * length;
    const d = rows[q + 3]! * length;
    const u = coefficients[q]!;
    const v = coefficients[q + 1]!;
    const w = coefficients[q + 2]!;
    const z = coefficients[q + 3]!;
    for (let j = 0; j < length; j++) {
      out[j]! += u * matrix[a + j]! + v * matrix[b + j]! + (w * matrix[c + j]! + z * matrix[d + j]!);
    }
  }
  for (; q < count; q++) {
    const a = rows[q]! * length;
    const u = coefficients[q]!;
    for (let j = 0; j < length; j++) out[j]! += u * matrix[a + j]!;
  }
}

/** The product of `left` [rows, inner] and `right` [inner, columns]; zeros of `left` are skipped. */
export function multiply(left: Float64Array, right: Float64Array, inner: number, columns: number): Float64Array {
  const rows = left.length / inner;
  const product = new Float64Array(rows * columns);
  const list = new Int32Array(inner);
  const coefficients = new Float64Array(inner);
  for (let i = 0; i < rows; i++) {
    let count = 0;
    for (let k = 0; k < inner; k++) {
      const v = left[i * inner + k]!;
      if (v === 0) continue;
      list[count] = k;
      coefficients[count++] = v;
    }
    addRows(right, columns, list, coefficients, count, product.subarray(i * columns, (i + 1) * columns));
  }
  return product;
}

/** The transpose [columns, rows] of a matrix [rows, columns], as doubles. */
export function transpose(matrix: ArrayLike<number>, rows: number, columns: number): Float64Array {
  const result = new Float64Array(rows * columns);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) result[j * rows + i] = matrix[i * columns + j]!;
  }
  return result;
}
