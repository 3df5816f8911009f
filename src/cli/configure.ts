/** From the options given on the command line to a configuration, for a new run and for one that goes on. */

import { existsSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { Option } from 'commander';
import { TritbankError } from '../ir/errors.ts';
import { type Change, describeOption, type Need, type OptionTable, optionsOf, parseConfig } from '../options/table.ts';
import { text } from '../options/values.ts';
import { type TritbankCommand, ValueOption } from './command.ts';

/** Gives `command` the options of a table, under its headings. `defaults` are those of the help. */
export function addConfigOptions<C>(command: TritbankCommand, table: OptionTable<C>, defaults: C): void {
  for (const [heading, options] of Object.entries(table)) {
    command.optionsGroup(`${heading}:`);
    for (const one of options) {
      const description = describeOption(one, defaults);
      const { expected, parse } = one;
      if (expected === undefined) command.option(one.flags, description);
      else command.addOption(new ValueOption(one.flags, description, { expected, parse, accepts: () => true }));
    }
  }
}

/** `--config`, for commands whose options are a table. */
export function addConfigFile(command: TritbankCommand): void {
  const description = 'begin with the configuration in this file: the config.json of a run directory, or a part of one';
  command.addOption(new ValueOption('--config <file>', description, text('a file')));
}

interface Given<C> {
  /** The option as it is written: `--alpha`. */
  readonly name: string;
  readonly change: Change<C>;
  readonly need: Need<C> | undefined;
  /** Where its value is in a configuration, and the value. */
  readonly key: string;
  readonly get: (config: C) => unknown;
}

/** The given options in the order of the table, in which they apply. */
function readGiven<C>(command: TritbankCommand, table: OptionTable<C>): Given<C>[] {
  const values = command.given();
  const given = optionsOf(table).flatMap(({ flags, expected, parse, need, key, get }) => {
    const option = new Option(flags);
    const value = values[option.attributeName()];
    if (value === undefined) return [];
    const change = expected === undefined ? parse('')! : (value as Change<C>);
    return [{ name: option.long ?? flags, change, need, key, get }];
  });
  checkWholes(given);
  return given;
}

/** Throws E_USAGE for options of which one sets the whole of what the other sets a part of. */
function checkWholes<C>(given: readonly Given<C>[]): void {
  for (const whole of given) {
    const part = given.find(({ key }) => key.startsWith(`${whole.key}.`));
    if (!part) continue;
    throw new TritbankError('E_USAGE', part.name, `expected it without ${whole.name}, found both`);
  }
}

/** `base` with the options that were given. */
export const givenChanges = <C>(command: TritbankCommand, table: OptionTable<C>, base: C): C =>
  readGiven(command, table).reduce((config, { change }) => change(config), base);

/** Throws E_USAGE for an option that has no effect beside the others. */
function checkNeeds<C>(config: C, given: readonly Given<C>[]): void {
  for (const { name, need } of given) {
    if (!need || need.isMet(config)) continue;
    throw new TritbankError('E_USAGE', name, `expected ${need.expected} with it, found ${need.found(config)}`);
  }
}

export interface Configuring<C> {
  readonly table: OptionTable<C>;
  readonly defaults: C;
  /** Keys of a configuration file that no option sets. */
  readonly more?: readonly string[];
  /** A configuration of an earlier release, or of a run directory, in the form that the options are for. */
  readonly upgrade?: (stored: object) => object;
}

/**
 * The configuration of a new run: the defaults, or those with what `--config` has, with the given options. E_USAGE for
 * options that do not go together, E_FORMAT and E_FILE for a configuration file that cannot be used.
 */
export async function newConfig<C extends object>(command: TritbankCommand, how: Configuring<C>): Promise<C> {
  const { table, defaults, more = [], upgrade = (stored) => stored } = how;
  const { config: where } = command.opts<{ config?: string }>();
  let base = defaults;
  if (where !== undefined) {
    const { readObject } = await import('../files/run-directory.ts');
    base = parseConfig(upgrade(readObject(where)), { table, defaults, where, more });
  }
  const given = readGiven(command, table);
  const config = given.reduce((changed, { change }) => change(changed), base);
  checkNeeds(config, given);
  return config;
}

/**
 * The configuration `stored` of the run that goes on. Options given besides have to agree with it: E_RESUME for the
 * first one that does not.
 */
export function resumedConfig<C extends object>(
  command: TritbankCommand,
  table: OptionTable<C>,
  stored: C,
  file: string,
): C {
  const given = readGiven(command, table);
  for (const { name, change, key, get } of given) {
    const changed = change(stored);
    if (isDeepStrictEqual(changed, stored)) continue;
    const [was, is] = [get(stored), get(changed)].map((value) => JSON.stringify(value) ?? 'none');
    const found = was === is ? 'another value' : is;
    throw new TritbankError('E_RESUME', name, `expected ${key} ${was} as in ${file}, found ${found}`);
  }
  checkNeeds(stored, given);
  return stored;
}

/** E_FILE for the first teacher that is not there; training would find it out only after it has begun to write. */
export function checkTeachers(files: readonly string[] = []): void {
  for (const file of files) {
    if (existsSync(file)) continue;
    throw new TritbankError('E_FILE', '--teacher', `expected an ONNX model, found no file '${file}'`);
  }
}
