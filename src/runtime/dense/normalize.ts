/** Normalizations by statistics of the elements themselves. */

import type { Line } from '../../ops/arithmetic/resample.ts';
import type { Elements } from './elements.ts';

/**
 * (x - mean) / sqrt(variance + epsilon) along lines, then the second operand as scales and the third, where there is
 * one, as biases: one of each for an index along the line, or one for a line, repeated over the outer ones.
 */
export interface Normalize {
  readonly run: 'normalize';
  readonly line: Line;
  readonly epsilon: number;
  readonly isPerLine: boolean;
}

export function normalize(kernel: Normalize, [x, scales, biases]: readonly Elements[], y: Elements): void {
  const { line, epsilon, isPerLine } = kernel;
  const { outer, size, inner } = line;
  for (let o = 0; o < outer; o++) {
    for (let p = 0; p < inner; p++) {
      const start = o * size * inner + p;
      const end = start + size * inner;
      let sum = 0;
      for (let i = start; i < end; i += inner) sum += x![i]!;
      const mean = sum / size;
      let squares = 0;
      for (let i = start; i < end; i += inner) squares += (x![i]! - mean) ** 2;
      const inverse = 1 / Math.sqrt(squares / size + epsilon);
      for (let i = start, k = 0; i < end; i += inner, k++) {
        const c = (isPerLine ? o : k) % scales!.length;
        y[i] = (x![i]! - mean) * inverse * scales![c]! + (biases?.[c] ?? 0);
      }
    }
  }
}

/** x (bias + alpha / window sum x x)^-beta, the sum over `window` indices of the line around that of x. */
export interface LocalResponse {
  readonly run: 'localResponse';
  readonly line: Line;
  readonly window: number;
  readonly alpha: number;
  readonly beta: number;
  readonly bias: number;
}

export function localResponse(kernel: LocalResponse, [x]: readonly Elements[], y: Elements): void {
  const { line, window, alpha, beta, bias } = kernel;
  const { outer, size, inner } = line;
  const [before, after] = [Math.floor((window - 1) / 2), Math.ceil((window - 1) / 2)];
  for (let o = 0; o < outer; o++) {
    for (let c = 0; c < size; c++) {
      const [from, to] = [Math.max(0, c - before), Math.min(size - 1, c + after)];
      for (let p = 0; p < inner; p++) {
        let sum = 0;
        for (let k = from; k <= to; k++) sum += x![(o * size + k) * inner + p]! ** 2;
        const i = (o * size + c) * inner + p;
        y[i] = x![i]! * (bias + (alpha / window) * sum) ** -beta;
      }
    }
  }
}
