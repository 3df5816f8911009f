/** Weights of a layer in the form that costs least of what is scarce, and what its sums become. */

import type { ConvolutionLayer, Requantization } from '../../integer/index.ts';
import { encodeDense, encodeLists, encodePlain, encodeTrits, isOneChunk } from './encode.ts';
import { type IntegerMultiplier, rowMultiplier } from './multipliers.ts';
import type { Optimize } from './optimize.ts';

export type Form = 'lists' | 'trits' | 'dense' | 'plain';

export interface Matrix {
  readonly rows: number;
  readonly columns: number;
  readonly form: Form;
  readonly bytes: Uint8Array;
  readonly nonZeros: number;
}

export interface IntegerRows {
  readonly output: Requantization;
  /** Undefined where a row keeps the float formula. */
  readonly multipliers: readonly (IntegerMultiplier | undefined)[];
}

/** A decoded row costs about so many additions of 16 pixels, for each weight. */
const decoding = 0.6;

export interface TernaryForms {
  readonly rows: number;
  readonly columns: number;
  readonly nonZeros: number;
  /** Bytes as lists. */
  readonly lists: number;
  /** Tiles that are computed of one decoded row. */
  readonly tiles: number;
}

/** Whether five trits a byte are better than lists: where flash is scarce, or where they save more than they slow. */
export function prefersTrits({ rows, columns, nonZeros, lists, tiles }: TernaryForms, optimize: Optimize): boolean {
  const trits = rows * Math.ceil(columns / 5);
  if (optimize === 'speed' || trits >= lists) return false;
  const slower = (nonZeros + (decoding * rows * columns) / tiles) / nonZeros;
  return optimize === 'flash' || slower * trits < 0.9 * lists;
}

/** Rows and columns of tiles. Trits take a fifth of a byte each; lists are read as they are. */
export function tiledMatrix(layer: ConvolutionLayer, tiles: number, optimize: Optimize): Matrix {
  const { rows, columns, weights } = layer;
  const nonZeros = weights.values.reduce((n, w) => n + (w === 0 ? 0 : 1), 0);
  const of = (form: Form, bytes: Uint8Array): Matrix => ({ rows, columns, form, bytes, nonZeros });
  if (weights.kind === 'int8') return of('dense', encodeDense(weights.values, rows));
  const lists = of('lists', encodeLists(weights.values, rows));
  const forms = { rows, columns, nonZeros, lists: lists.bytes.length, tiles };
  if (!prefersTrits(forms, optimize) || !isOneChunk(weights.values, rows)) return lists;
  return of('trits', encodeTrits(weights.values, rows));
}

/** Of one pixel. */
export function connectedMatrix({ rows, columns, weights }: ConvolutionLayer): Matrix {
  const nonZeros = weights.values.reduce((n, w) => n + (w === 0 ? 0 : 1), 0);
  if (weights.kind === 'int8') return { rows, columns, form: 'plain', bytes: encodePlain(weights.values), nonZeros };
  return { rows, columns, form: 'trits', bytes: encodeTrits(weights.values, rows), nonZeros };
}

/** An exact integer multiplier for each row that has one. */
export function integerRows({ rows, columns, weights }: ConvolutionLayer, output: Requantization): IntegerRows {
  const multipliers = Array.from({ length: rows }, (_, row) => {
    let [from, to] = [0, 0];
    for (let c = row * columns; c < (row + 1) * columns; c++) {
      const w = weights.values[c]!;
      from += w > 0 ? -128 * w : 127 * w;
      to += w > 0 ? 127 * w : -128 * w;
    }
    return rowMultiplier(output, row, from, to);
  });
  return { output, multipliers };
}
