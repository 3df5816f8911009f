/** `tritbank train`: one run, from options to a run directory with its report. */

import { join } from 'node:path';
import { TritbankError } from '../ir/errors.ts';
import { defaultConfig, type TrainConfig, upgradeConfig } from '../train/config.ts';
import type { RunOptions } from '../train/context.ts';
import { trainOptions } from '../train/options.ts';
import { otherPlaces } from '../train/recipe-options.ts';
import type { CommonOptions, TritbankCommand } from './command.ts';
import { addConfigFile, addConfigOptions, checkTeachers, newConfig, resumedConfig } from './configure.ts';
import { addPlaceOptions, checkPlaceOptions, type PlaceOptions, performTraining, readRun } from './run-directory.ts';

type Options = CommonOptions & PlaceOptions;

const example = `tritbank train --data fashion-mnist --width 0.25 --method hybrid --alpha 0.5 --epochs 10
tritbank train --resume --out runs/mobilenet-v1-hybrid`;

export function addTrain(program: TritbankCommand): void {
  const command = program.command('train');
  command.description(
    'Train a classifier from scratch: in full precision, with ternary weights (twn), strassenified (strassen), ' +
      'or with hybrid filter banks (hybrid).',
  );
  addConfigOptions(command, trainOptions, defaultConfig);
  addConfigFile(command);
  addPlaceOptions(command, 'runs/<model>-<method>');
  command.renamed('--fresh', 'force').action(async (options: Options) => train(command, options));
  command.common(example);
}

const configuring = { table: trainOptions, defaults: defaultConfig, more: otherPlaces, upgrade: upgradeConfig };

/** What to train, where. E_USAGE, E_RESUME, before anything is written. */
async function prepare(command: TritbankCommand, options: Options): Promise<{ config: TrainConfig; out: string }> {
  const wanted = options.resume && options.out !== undefined ? undefined : await newConfig(command, configuring);
  const out = options.out ?? join('runs', `${wanted?.model}-${wanted?.method}`);
  checkPlaceOptions(options);
  if (options.resume) {
    const stored = readRun(out);
    if (!stored) throw new TritbankError('E_RESUME', '--resume', `expected a run in ${out}, found none`);
    return { config: resumedConfig(command, trainOptions, stored.config, join(out, 'config.json')), out };
  }
  return { config: wanted ?? (await newConfig(command, configuring)), out };
}

/** Refuses what the trainer would find out only after it has begun to write. */
async function checkInputs({ model, teachers }: TrainConfig): Promise<void> {
  const { architectures } = await import('../models/index.ts');
  if (!architectures.some(({ name }) => name === model)) {
    const expected = `expected one of ${architectures.map(({ name }) => name).join(', ')}`;
    throw new TritbankError('E_USAGE', '--model', `${expected}, found '${model}'`);
  }
  checkTeachers(teachers);
}

async function train(command: TritbankCommand, options: Options): Promise<void> {
  const { config, out } = await prepare(command, options);
  await checkInputs(config);
  const { trainNetwork } = await import('../train/index.ts');
  const advice = () =>
    readRun(out) ? `continue with: tritbank train --resume --out ${out}` : 'nothing had been begun: start again';
  const work = (how: RunOptions) => trainNetwork(config, how);
  await performTraining({ label: 'train', epochs: config.epochs, out, options, advice, work });
}
