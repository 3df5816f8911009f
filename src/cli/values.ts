/**
 * Kinds of option values: what is expected, in words, and a strict parser. Unlike `Number` and `parseFloat`, a number
 * here is the whole text and in its range.
 */

export interface ValueKind<T> {
  /** Follows "expected" in an error. */
  readonly expected: string;
  /** The value, or undefined when the text is none of this kind. */
  parse(text: string): T | undefined;
}

export interface Range {
  /** Bounds that belong to the range. */
  readonly from?: number;
  readonly to?: number;
  /** Bounds outside of the range. */
  readonly above?: number;
  readonly below?: number;
}

function describeRange({ from, to, above, below }: Range): string {
  if (from !== undefined && to !== undefined) return ` from ${from} to ${to}`;
  const low = from !== undefined ? ` of at least ${from}` : above !== undefined ? ` above ${above}` : '';
  const high = to !== undefined ? ` at most ${to}` : below !== undefined ? ` below ${below}` : '';
  return low && high ? `${low} and${high}` : low || high;
}

const isWithin = (value: number, { from, to, above, below }: Range) =>
  (from === undefined || value >= from) &&
  (to === undefined || value <= to) &&
  (above === undefined || value > above) &&
  (below === undefined || value < below);

/** A decimal number, with an exponent if need be. */
export function number(range: Range = {}): ValueKind<number> {
  return {
    expected: `a number${describeRange(range)}`,
    parse(text) {
      const value = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : Number.NaN;
      return Number.isFinite(value) && isWithin(value, range) ? value : undefined;
    },
  };
}

/** A whole number in decimal digits. */
export function whole(range: Range = {}): ValueKind<number> {
  return {
    expected: `a whole number${describeRange(range)}`,
    parse(text) {
      const value = /^[+-]?\d+$/.test(text) ? Number(text) : Number.NaN;
      return Number.isSafeInteger(value) && isWithin(value, range) ? value : undefined;
    },
  };
}

export function oneOf<T extends string>(names: readonly T[]): ValueKind<T> {
  return { expected: `one of ${names.join(', ')}`, parse: (text) => names.find((name) => name === text) };
}

/** Values of one kind, separated by commas; `expected` describes the list, `accepts` may ask for more than its items. */
export function listOf<T>(
  kind: ValueKind<T>,
  expected: string,
  accepts: (values: readonly T[]) => boolean = () => true,
): ValueKind<T[]> {
  return {
    expected,
    parse(text) {
      const values = text.split(',').map((part) => kind.parse(part.trim()));
      const good = values.filter((value) => value !== undefined);
      return good.length === values.length && accepts(good) ? good : undefined;
    },
  };
}

/** Any text but the empty one. */
export function text(expected: string): ValueKind<string> {
  return { expected, parse: (value) => (value === '' ? undefined : value) };
}
