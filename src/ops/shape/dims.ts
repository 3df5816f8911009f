/**
 * Arithmetic of dimensions. A dimension is a size or a product of a size and symbols, written `'N'`, `'49*N'`, `'N*T'`;
 * products and exact quotients stay in this form, so that reshapes of a symbolic batch can be followed. Sums of
 * different symbols cannot be written: callers invent a symbol for them. Any other text counts as one symbol.
 */

import { type Dim, type Shape, TritbankError } from '../../ir/index.ts';

export { agree, broadcastShapes, unify } from '../arithmetic/dims.ts';

interface Monomial {
  readonly factor: number;
  /** Sorted. */
  readonly symbols: readonly string[];
}

const productForm = /^[\w.]+(\*[\w.]+)*$/;

function parse(dim: Dim): Monomial {
  if (typeof dim === 'number') return { factor: dim, symbols: [] };
  if (!productForm.test(dim)) return { factor: 1, symbols: [dim] };
  let factor = 1;
  const symbols: string[] = [];
  for (const part of dim.split('*')) {
    if (/^\d+$/.test(part)) factor *= Number(part);
    else symbols.push(part);
  }
  return { factor, symbols: symbols.sort() };
}

function format({ factor, symbols }: Monomial): Dim {
  if (symbols.length === 0 || factor === 0) return factor;
  return (factor === 1 ? symbols : [String(factor), ...symbols]).join('*');
}

/** Squares of squares double them. */
const maxSymbols = 256;

/** The product of dimensions; 1 for none. E_LIMIT, without a place, for one of too many symbols. */
export function product(dims: Shape): Dim {
  let factor = 1;
  const symbols: string[] = [];
  for (const dim of dims) {
    const m = parse(dim);
    factor *= m.factor;
    symbols.push(...m.symbols);
  }
  if (symbols.length > maxSymbols) {
    throw new TritbankError('E_LIMIT', '', `expected sizes of at most ${maxSymbols} symbols, found ${symbols.length}`);
  }
  return format({ factor, symbols: symbols.sort() });
}

/** The exact quotient, or undefined where it is not a whole size times symbols. */
export function divide(dim: Dim, by: Dim): Dim | undefined {
  const n = parse(dim);
  const d = parse(by);
  if (d.factor === 0 || n.factor % d.factor !== 0) return undefined;
  const symbols = [...n.symbols];
  for (const symbol of d.symbols) {
    const at = symbols.indexOf(symbol);
    if (at < 0) return undefined;
    symbols.splice(at, 1);
  }
  return format({ factor: n.factor / d.factor, symbols });
}

/** `a + sign b`, or undefined where the symbols differ or the result would be negative times a symbol. */
export function addDims(a: Dim, b: Dim, sign: 1 | -1 = 1): Dim | undefined {
  if (b === 0) return a;
  if (a === 0 && sign === 1) return b;
  const x = parse(a);
  const y = parse(b);
  if (x.symbols.join('*') !== y.symbols.join('*')) return undefined;
  const factor = x.factor + sign * y.factor;
  return factor < 0 && x.symbols.length > 0 ? undefined : format({ factor, symbols: x.symbols });
}
