/** Products of two computed matrices. */

import type { Elements } from './elements.ts';

/** [m, k] x [k, n] for each pair of places where matrices begin. */
export interface Product {
  readonly run: 'product';
  readonly m: number;
  readonly k: number;
  readonly n: number;
  readonly starts: readonly (readonly [a: number, b: number])[];
}

export function product({ m, k, n, starts }: Product, [a, b]: readonly Elements[], y: Elements): void {
  const row = new Float64Array(n);
  let at = 0;
  for (const [aStart, bStart] of starts) {
    for (let i = 0; i < m; i++) {
      row.fill(0);
      let p = 0;
      // four rows of b at a time
      for (; p + 4 <= k; p += 4) {
        const from = aStart + i * k + p;
        const [f0, f1, f2, f3] = [a![from]!, a![from + 1]!, a![from + 2]!, a![from + 3]!];
        const first = bStart + p * n;
        const [second, third, fourth] = [first + n, first + 2 * n, first + 3 * n];
        for (let j = 0; j < n; j++) {
          row[j]! += f0 * b![first + j]! + f1 * b![second + j]! + f2 * b![third + j]! + f3 * b![fourth + j]!;
        }
      }
      for (; p < k; p++) {
        const factor = a![aStart + i * k + p]!;
        const from = bStart + p * n;
        for (let j = 0; j < n; j++) row[j]! += factor * b![from + j]!;
      }
      y.set(row, at);
      at += n;
    }
  }
}
