/** Several elements to one. */

import { eachRow } from '../../ops/arithmetic/move.ts';
import type { Line } from '../../ops/arithmetic/resample.ts';
import type { Elements } from './elements.ts';

/** How an element joins what was there, from `start`, and what is made of the result for `count` elements. */
interface Method {
  readonly start: number;
  readonly add: (sum: number, x: number) => number;
  readonly finish?: (sum: number, count: number) => number;
}

const sum = (total: number, x: number) => total + x;
const sumSquare = (total: number, x: number) => total + x * x;

const methods = {
  ReduceL2: { start: 0, add: sumSquare, finish: Math.sqrt },
  ReduceMax: { start: -Infinity, add: (most: number, x: number) => Math.max(most, x) },
  ReduceMean: { start: 0, add: sum, finish: (total: number, count: number) => total / count },
  ReduceMin: { start: Infinity, add: (least: number, x: number) => Math.min(least, x) },
  ReduceProd: { start: 1, add: (total: number, x: number) => total * x },
  ReduceSum: { start: 0, add: sum },
  ReduceSumSquare: { start: 0, add: sumSquare },
} as const satisfies Readonly<Record<string, Method>>;

export type ReduceOp = keyof typeof methods;

/** Over the axes of x whose step in y is 0. */
export interface Reduce {
  readonly run: 'reduce';
  readonly method: ReduceOp;
  readonly dims: readonly number[];
  readonly strides: readonly number[];
}

export function reduce({ method, dims, strides }: Reduce, [x]: readonly Elements[], y: Elements): void {
  const { start, add, finish }: Method = methods[method];
  const totals = new Float64Array(y.length).fill(start);
  const [width, step] = [dims.at(-1) ?? 1, strides.at(-1) ?? 0];
  eachRow(dims.length > 0 ? dims : [1], strides, 0, (row, target) => {
    for (let i = 0, at = target; i < width; i++, at += step) totals[at] = add(totals[at]!, x![row * width + i]!);
  });
  const count = x!.length / y.length;
  for (let i = 0; i < y.length; i++) y[i] = finish ? finish(totals[i]!, count) : totals[i]!;
}

/** The first position of the maximum along the line, or the last one. */
export interface ArgMax {
  readonly run: 'argMax';
  readonly line: Line;
  readonly isLast: boolean;
}

export function argMax({ line: { outer, size, inner }, isLast }: ArgMax, [x]: readonly Elements[], y: Elements): void {
  for (let o = 0, at = 0; o < outer; o++) {
    for (let p = 0; p < inner; p++) {
      const start = o * size * inner + p;
      let best = 0;
      for (let i = 1; i < size; i++) {
        const [value, most] = [x![start + i * inner]!, x![start + best * inner]!];
        if (value > most || (isLast && value === most)) best = i;
      }
      y[at++] = best;
    }
  }
}
