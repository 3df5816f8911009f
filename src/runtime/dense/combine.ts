/** Functions of several numbers, operands broadcast. */

import { remainder } from '../../ops/arithmetic/elementwise.ts';
import { eachRow } from '../../ops/arithmetic/move.ts';
import type { Elements } from './elements.ts';

const functions = {
  Add: (a: number, b: number) => a + b,
  And: (a: number, b: number) => Number(a !== 0 && b !== 0),
  Equal: (a: number, b: number) => Number(a === b),
  Fmod: (a: number, b: number) => a % b,
  Greater: (a: number, b: number) => Number(a > b),
  GreaterOrEqual: (a: number, b: number) => Number(a >= b),
  Less: (a: number, b: number) => Number(a < b),
  LessOrEqual: (a: number, b: number) => Number(a <= b),
  Mod: remainder,
  Not: (a: number) => Number(a === 0),
  Or: (a: number, b: number) => Number(a !== 0 || b !== 0),
  Pow: (a: number, b: number) => a ** b,
  /** Numbers as truth values. */
  Truth: (a: number) => Number(a !== 0),
  Trunc: (a: number) => Math.trunc(a),
  Where: (a: number, b: number, c: number) => (a !== 0 ? b : c),
  Xor: (a: number, b: number) => Number((a !== 0) !== (b !== 0)),
} as const satisfies Readonly<Record<string, (a: number, b: number, c: number) => number>>;

export type CombinationOp = keyof typeof functions;

export interface Combination {
  readonly run: 'combine';
  readonly method: CombinationOp;
  readonly dims: readonly number[];
  /** Of each operand, how far a step along an axis of y goes in it. */
  readonly strides: readonly (readonly number[])[];
}

export function combine({ method, dims, strides }: Combination, operands: readonly Elements[], y: Elements): void {
  const f: (a: number, b: number, c: number) => number = functions[method];
  const own = dims.length > 0 ? dims : [1];
  const width = own.at(-1)!;
  // the places where rows of each operand begin
  const starts = operands.map((_, i) => {
    const rows: number[] = [];
    eachRow(own, strides[i]!, 0, (_, source) => rows.push(source));
    return rows;
  });
  const steps = strides.map((all) => all.at(-1) ?? 0);
  const [a, b = a, c = a] = operands as [Elements, Elements?, Elements?];
  const [stepA, stepB = 0, stepC = 0] = steps as [number, number?, number?];
  for (let row = 0; row < starts[0]!.length; row++) {
    let [i, j, k] = [starts[0]![row]!, starts[1]?.[row] ?? 0, starts[2]?.[row] ?? 0];
    for (let at = row * width; at < (row + 1) * width; at++, i += stepA, j += stepB, k += stepC) {
      y[at] = f(a[i]!, b[j]!, c[k]!);
    }
  }
}
