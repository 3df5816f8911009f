/**
 * Options as tables over a configuration of type C. An option says how it is written on a command line, what it is for,
 * which values it takes, and where in the configuration its value is; help texts, defaults, checks of configurations and
 * of their files all follow from that.
 */

import { TritbankError } from '../ir/errors.ts';
import type { ValueKind } from './values.ts';

export type Change<C> = (config: C) => C;

/** What has to be chosen for an option to have an effect. */
export interface Need<C> {
  /** Follows "expected" in an error: `--optimizer sgd`. */
  readonly expected: string;
  readonly found: (config: C) => string;
  readonly isMet: (config: C) => boolean;
}

export interface ConfigOption<C> {
  /** As commander has it: `--epochs <n>`, or `--freeze-layers` for a switch. */
  readonly flags: string;
  readonly description: string;
  /** Where in the configuration the value is: `optimizer.momentum`. */
  readonly key: string;
  /** What follows "expected" in an error; undefined for a switch, which takes no value. */
  readonly expected: string | undefined;
  /** What the option does, given a text (none for a switch); undefined for a text of another kind. */
  parse(text: string): Change<C> | undefined;
  /** The value in a configuration, if there is one. */
  get(config: C): unknown;
  /** Whether the value in a configuration is of the option's kind, or absent. */
  isGood(config: C): boolean;
  readonly need: Need<C> | undefined;
}

/** By the headings of the help. An option comes after those whose value it adjusts. */
export type OptionTable<C> = Readonly<Record<string, readonly ConfigOption<C>[]>>;

/** Where a value is in a configuration. */
interface Place<C, T> {
  readonly key: string;
  get(config: C): T | undefined;
  set(config: C, value: T): C;
}

export function option<C, T>(
  flags: string,
  description: string,
  kind: ValueKind<T>,
  { key, get, set }: Place<C, T>,
  need?: Need<C>,
): ConfigOption<C> {
  return {
    flags,
    description,
    key,
    expected: kind.expected,
    parse(text) {
      const value = kind.parse(text);
      return value === undefined ? undefined : (config) => set(config, value);
    },
    get,
    isGood(config) {
      const value = get(config);
      return value === undefined || kind.accepts(value);
    },
    need,
  };
}

/** An option that sets a field of the configuration. */
export function field<C, K extends keyof C & string>(
  key: K,
  flags: string,
  description: string,
  kind: ValueKind<NonNullable<C[K]>>,
  need?: Need<C>,
): ConfigOption<C> {
  const get = (config: C) => config[key] ?? undefined;
  return option(flags, description, kind, { key, get, set: (config, value) => ({ ...config, [key]: value }) }, need);
}

/** An option that sets a field of an object in the configuration, which begins with `fallback` where it is absent. */
export function nested<C, K extends keyof C & string, T>(
  key: K,
  name: string,
  flags: string,
  description: string,
  kind: ValueKind<T>,
  { fallback, need }: { readonly fallback?: NonNullable<C[K]>; readonly need?: Need<C> } = {},
): ConfigOption<C> {
  const place: Place<C, T> = {
    key: `${key}.${name}`,
    get: (config) => (config[key] as Readonly<Record<string, T>> | undefined)?.[name],
    set: (config, value) => ({ ...config, [key]: { ...(config[key] ?? fallback), [name]: value } }),
  };
  return option(flags, description, kind, place, need);
}

/** An option without a value. */
export function toggle<C>(
  key: string,
  flags: string,
  description: string,
  change: Change<C>,
  need?: Need<C>,
): ConfigOption<C> {
  const isGood = () => true;
  return { flags, description, key, expected: undefined, parse: () => change, get: () => undefined, isGood, need };
}

/** The same options for a configuration that has theirs in a field. */
export function lift<C, K extends keyof C & string>(
  key: K,
  options: readonly ConfigOption<C[K]>[],
): readonly ConfigOption<C>[] {
  return options.map(({ need, ...one }) => ({
    ...one,
    key: `${key}.${one.key}`,
    parse(text) {
      const change = one.parse(text);
      return change && ((config) => ({ ...config, [key]: change(config[key]) }));
    },
    get: (config) => one.get(config[key]),
    isGood: (config) => one.isGood(config[key]),
    need: need && {
      expected: need.expected,
      found: (config) => need.found(config[key]),
      isMet: (config) => need.isMet(config[key]),
    },
  }));
}

/**
 * Options of some fields of a configuration, for another one that has these fields too. A change keeps the fields that it
 * does not know, which its type cannot say.
 */
export const extend = <P, C>(options: readonly ConfigOption<P>[]): readonly ConfigOption<C>[] =>
  options as unknown as readonly ConfigOption<C>[];

export const optionsOf = <C>(table: OptionTable<C>): readonly ConfigOption<C>[] => Object.values(table).flat();

/** The description with the default, unless it says that itself. */
export function describeOption<C>(one: ConfigOption<C>, defaults: C): string {
  const value = one.get(defaults);
  const isPlain = typeof value === 'number' || typeof value === 'string';
  const text = isPlain ? `${value}` : Array.isArray(value) ? value.join(',') : '';
  return text === '' || one.description.includes('(default:')
    ? one.description
    : `${one.description} (default: ${text})`;
}

/** Throws E_USAGE for the first value that is not of its option's kind; names the place in the configuration. */
export function checkValues<C>(table: OptionTable<C>, config: C): void {
  for (const one of optionsOf(table)) {
    if (one.isGood(config)) continue;
    throw new TritbankError('E_USAGE', one.key, `expected ${one.expected}, found ${describe(one.get(config))}`);
  }
}

const describe = (value: unknown) => {
  if (typeof value === 'string') return `'${value}'`;
  return typeof value === 'number' ? `${value}` : (JSON.stringify(value) ?? 'none');
};

const isObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The places of all values in a configuration: `schedule.name`. */
const pathsIn = (config: object): string[] =>
  Object.entries(config).flatMap(([key, value]) =>
    isObject(value) ? pathsIn(value).map((path) => `${key}.${path}`) : [key],
  );

/** The names that known places have directly below `parent`. */
const childrenOf = (parent: string, known: readonly string[]): string[] =>
  known.filter((key) => key.startsWith(parent)).map((key) => key.slice(parent.length).split('.')[0]!);

/** The first key that is not known; what nothing is known of is not looked into. */
function findStrange(
  json: object,
  parent: string,
  known: readonly string[],
): { key: string; parent: string } | undefined {
  const children = new Set(childrenOf(parent, known));
  if (children.size === 0) return undefined;
  for (const [name, value] of Object.entries(json)) {
    if (!children.has(name)) return { key: parent + name, parent };
    const inner = isObject(value) ? findStrange(value, `${parent}${name}.`, known) : undefined;
    if (inner) return inner;
  }
  return undefined;
}

/**
 * A configuration from a file's JSON: what it has in place of the defaults. `where`, usually the file, begins the place in
 * an error; `more` are keys that no option sets. E_FORMAT for unknown keys and for values of another kind.
 */
export function parseConfig<C extends object>(json: object, { table, defaults, where, more = [] }: ConfigFile<C>): C {
  const known = [...optionsOf(table).map(({ key }) => key), ...pathsIn(defaults), ...more];
  const strange = findStrange(json, '', known);
  if (strange) {
    const expected = [...new Set(childrenOf(strange.parent, known))].join(', ');
    throw new TritbankError('E_FORMAT', `${where} ${strange.key}`, `expected one of ${expected}, found another`);
  }
  for (const [key, usual] of Object.entries(defaults)) {
    const given: unknown = key in json ? json[key as keyof typeof json] : usual;
    if (!isObject(usual) || isObject(given)) continue;
    throw new TritbankError('E_FORMAT', `${where} ${key}`, `expected an object, found ${describe(given)}`);
  }
  const config = { ...defaults, ...json };
  try {
    checkValues(table, config);
  } catch (error) {
    if (!(error instanceof TritbankError)) throw error;
    throw new TritbankError('E_FORMAT', `${where} ${error.where}`, error.detail, { cause: error });
  }
  return config;
}

export interface ConfigFile<C> {
  readonly table: OptionTable<C>;
  readonly defaults: C;
  readonly where: string;
  readonly more?: readonly string[];
}
