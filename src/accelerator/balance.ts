/**
 * Deals the columns of a ternary matrix to sets of banks of equal size, so that the non-zeros of each row are spread
 * evenly: a row takes as long as its fullest set. By exchanges of two columns as long as they help.
 */

import { Random } from '../ir/index.ts';

/** Slots of the columns: column c is in set `slot mod sets`. */
export function balanceColumns(values: Int8Array, rows: number, columns: number, sets: number): Int32Array {
  const rowsOf = Array.from({ length: columns }, (_, c) => {
    const own: number[] = [];
    for (let r = 0; r < rows; r++) if (values[r * columns + c] !== 0) own.push(r);
    return Int32Array.from(own);
  });
  const setOf = Uint8Array.from({ length: columns }, (_, c) => c % sets);
  const counts = new Int32Array(rows * sets);
  for (const [c, own] of rowsOf.entries()) for (const r of own) counts[r * sets + setOf[c]!]!++;
  const fullest = (r: number) => {
    let most = 0;
    for (let s = 0; s < sets; s++) most = Math.max(most, counts[r * sets + s]!);
    return most;
  };
  const move = (c: number, from: number, to: number) => {
    for (const r of rowsOf[c]!) {
      counts[r * sets + from]!--;
      counts[r * sets + to]!++;
    }
  };
  const touched = new Int32Array(rows);
  let stamp = 0;
  /** What rows of both columns take. */
  const costOf = (a: number, b: number) => {
    stamp++;
    let cost = 0;
    for (const own of [rowsOf[a]!, rowsOf[b]!]) {
      for (const r of own) {
        if (touched[r] === stamp) continue;
        touched[r] = stamp;
        cost += fullest(r);
      }
    }
    return cost;
  };
  const random = new Random(0, 'balance');
  const tries = columns < 2 ? 0 : Math.min(20000, columns * 60);
  for (let i = 0; i < tries; i++) {
    const [a, b] = [Math.floor(random.float() * columns), Math.floor(random.float() * columns)];
    const [sa, sb] = [setOf[a]!, setOf[b]!];
    if (sa === sb) continue;
    const before = costOf(a, b);
    move(a, sa, sb);
    move(b, sb, sa);
    if (costOf(a, b) > before) {
      move(a, sb, sa);
      move(b, sa, sb);
    } else [setOf[a], setOf[b]] = [sb, sa];
  }
  const next = Int32Array.from({ length: sets }, (_, s) => s);
  return Int32Array.from(setOf, (set) => {
    const slot = next[set]!;
    next[set] = slot + sets;
    return slot;
  });
}
