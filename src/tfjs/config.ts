/** Entries of parsed JSON, with checks: each is what it should be, absent, or an E_FORMAT error that names it. */

import { TritbankError } from '../ir/index.ts';

export type Json = unknown;

const describe = (value: Json) => (value === undefined ? 'none' : JSON.stringify(value).slice(0, 40));

export const isObject = (value: Json): value is Readonly<Record<string, Json>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export class Config {
  constructor(
    readonly where: string,
    private readonly entries: Readonly<Record<string, Json>>,
  ) {}

  /** E_FORMAT for what is no object. */
  static of(where: string, value: Json): Config {
    if (isObject(value)) return new Config(where, value);
    throw new TritbankError('E_FORMAT', where, `expected an object, found ${describe(value)}`);
  }

  wrong(key: string, expected: string): TritbankError {
    return new TritbankError(
      'E_FORMAT',
      this.where,
      `expected ${key} to be ${expected}, found ${describe(this.get(key))}`,
    );
  }

  unsupported(expected: string, found: string): TritbankError {
    return new TritbankError('E_UNSUPPORTED', this.where, `expected ${expected}, found ${found}`);
  }

  /** The entry as it is; null counts as absent. */
  get(key: string): Json {
    return Object.hasOwn(this.entries, key) ? (this.entries[key] ?? undefined) : undefined;
  }

  private typed<T>(key: string, expected: string, fallback: T | undefined, is: (value: Json) => boolean): T {
    const value = this.get(key);
    if (value === undefined && fallback !== undefined) return fallback;
    if (is(value)) return value as T;
    throw this.wrong(key, expected);
  }

  number = (key: string, fallback?: number) => this.typed(key, 'a number', fallback, Number.isFinite);
  string = (key: string, fallback?: string) => this.typed(key, 'a text', fallback, (v) => typeof v === 'string');
  bool = (key: string, fallback?: boolean) => this.typed(key, 'true or false', fallback, (v) => typeof v === 'boolean');
  list = (key: string, fallback?: readonly Json[]) =>
    this.typed<readonly Json[]>(key, 'a list', fallback, Array.isArray);
  object = (key: string) => Config.of(`${this.where} ${key}`, this.get(key));

  numbers(key: string): number[] {
    const values = this.list(key);
    if (values.every(Number.isFinite)) return values as number[];
    throw this.wrong(key, 'numbers');
  }

  /** Two numbers, or one for both. */
  pair(key: string, fallback?: number): [number, number] {
    const value = this.get(key) ?? fallback;
    const both = Array.isArray(value) ? value : [value, value];
    if (both.length === 2 && both.every(Number.isFinite)) return both as [number, number];
    throw this.wrong(key, 'a number or two');
  }
}
