/** From the options given on the command line to a training configuration, for a new run and for one that goes on. */

import { isDeepStrictEqual } from 'node:util';
import { Option } from 'commander';
import { TritbankError } from '../ir/errors.ts';
import { defaultConfig, type TrainConfig } from '../train/config.ts';
import { type TritbankCommand, ValueOption } from './command.ts';
import { type Change, configOptions, type Need } from './options.ts';

/** Gives `command` the options of the table, under its headings. */
export function addConfigOptions(command: TritbankCommand): void {
  for (const [heading, options] of Object.entries(configOptions)) {
    command.optionsGroup(`${heading}:`);
    for (const { flags, description, change } of options) {
      if (typeof change === 'function') command.option(flags, description);
      else command.addOption(new ValueOption(flags, description, change));
    }
  }
}

interface Given {
  /** The option as it is written: `--alpha`. */
  readonly name: string;
  readonly change: Change;
  readonly need: Need | undefined;
}

/** The given options in the order of the table, in which they apply. */
function readGiven(command: TritbankCommand): Given[] {
  const values = command.given();
  return Object.values(configOptions)
    .flat()
    .flatMap(({ flags, change, need }) => {
      const option = new Option(flags);
      const value = values[option.attributeName()];
      if (value === undefined) return [];
      return [{ name: option.long ?? flags, change: typeof change === 'function' ? change : (value as Change), need }];
    });
}

/** Throws E_USAGE for an option that has no effect beside the others. */
function checkNeeds(config: TrainConfig, given: readonly Given[]): void {
  for (const { name, need } of given) {
    if (!need || need.isMet(config)) continue;
    throw new TritbankError('E_USAGE', name, `expected ${need.expected} with it, found ${need.found(config)}`);
  }
}

/** The configuration of a new run. E_USAGE for options that do not go together. */
export function newConfig(command: TritbankCommand): TrainConfig {
  const given = readGiven(command);
  const config = given.reduce((changed, { change }) => change(changed), defaultConfig);
  checkNeeds(config, given);
  const { name, milestones } = config.schedule;
  if (name === 'step' && !milestones) {
    throw new TritbankError('E_USAGE', '--schedule', "expected --milestones with 'step', found none");
  }
  return config;
}

/**
 * The configuration `stored` of the run that goes on. Options given besides have to agree with it: E_RESUME for the
 * first one that does not.
 */
export function resumedConfig(command: TritbankCommand, stored: TrainConfig, file: string): TrainConfig {
  const given = readGiven(command);
  for (const { name, change } of given) {
    const changed = change(stored);
    const key = (Object.keys(changed) as (keyof TrainConfig)[]).find((k) => !isDeepStrictEqual(changed[k], stored[k]));
    if (key === undefined) continue;
    const [expected, found] = [stored[key], changed[key]].map((value) => JSON.stringify(value) ?? 'none');
    throw new TritbankError('E_RESUME', name, `expected ${key} ${expected} as in ${file}, found ${found}`);
  }
  checkNeeds(stored, given);
  return stored;
}
