/**
 * Kinds of option values: what is expected, in words, a strict parser of texts, and a check of values that come from
 * elsewhere (a configuration file, a caller). Unlike `Number` and `parseFloat`, a number here is the whole text and in
 * its range.
 */

export interface ValueKind<T> {
  /** Follows "expected" in an error. */
  readonly expected: string;
  /** The value, or undefined when the text is none of this kind. */
  parse(text: string): T | undefined;
  /** Whether a value is one of this kind. */
  accepts(value: unknown): boolean;
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
    accepts: (value) => typeof value === 'number' && Number.isFinite(value) && isWithin(value, range),
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
    accepts: (value) => typeof value === 'number' && Number.isSafeInteger(value) && isWithin(value, range),
  };
}

export function oneOf<T extends string>(names: readonly T[]): ValueKind<T> {
  return {
    expected: `one of ${names.join(', ')}`,
    parse: (text) => names.find((name) => name === text),
    accepts: (value) => names.some((name) => name === value),
  };
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
    accepts: (value) => Array.isArray(value) && value.every((one) => kind.accepts(one)) && accepts(value as T[]),
  };
}

/** Any text but the empty one. */
export function text(expected: string): ValueKind<string> {
  return {
    expected,
    parse: (value) => (value === '' ? undefined : value),
    accepts: (value) => typeof value === 'string' && value !== '',
  };
}

/** `NAME=VALUE`; the value is of one kind for all names. */
export function pairOf<N extends string, T>(
  name: ValueKind<N>,
  value: ValueKind<T>,
  expected: string,
): ValueKind<{ readonly name: N; readonly value: T }> {
  return {
    expected,
    parse(given) {
      const at = given.indexOf('=');
      const parsed =
        at < 0 ? undefined : { name: name.parse(given.slice(0, at)), value: value.parse(given.slice(at + 1)) };
      return parsed?.name !== undefined && parsed.value !== undefined
        ? { name: parsed.name, value: parsed.value }
        : undefined;
    },
    accepts: (given) => {
      const pair = given as { name?: unknown; value?: unknown } | null;
      return typeof pair === 'object' && pair !== null && name.accepts(pair.name) && value.accepts(pair.value);
    },
  };
}

const maxSteps = 10_000;

/** `FROM:TO:STEP`, both ends included, or numbers separated by commas; at most 10,000 of them. */
export function series(range: Range = {}): ValueKind<number[]> {
  const item = number(range);
  return {
    expected: `FROM:TO:STEP or a list of numbers${describeRange(range)}`,
    parse(given) {
      if (!given.includes(':')) return listOf(item, '').parse(given);
      const [from, to, step, ...more] = given.split(':').map((part) => number().parse(part));
      if (from === undefined || to === undefined || step === undefined || more.length > 0) return undefined;
      if (step <= 0 || to < from || (to - from) / step >= maxSteps) return undefined;
      // a step such as 0.1 is not exact: the last one may miss the end by a rounding error
      const count = Math.floor((to - from) / step + 1e-9) + 1;
      const values = Array.from({ length: count }, (_, i) => Number((from + i * step).toPrecision(12)));
      return values.every((value) => isWithin(value, range)) ? values : undefined;
    },
    accepts: (given) => Array.isArray(given) && given.every((value) => item.accepts(value)),
  };
}
