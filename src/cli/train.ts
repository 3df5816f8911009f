/** `tritbank train`: one run, from options to a run directory with its report. */

import { join } from 'node:path';
import { TritbankError } from '../ir/errors.ts';
import { text } from '../options/values.ts';
import { defaultConfig, type TrainConfig, upgradeConfig } from '../train/config.ts';
import type { RunOptions } from '../train/context.ts';
import { trainOptions } from '../train/options.ts';
import { otherPlaces } from '../train/recipe-options.ts';
import { type CommonOptions, type TritbankCommand, ValueOption } from './command.ts';
import { addConfigFile, addConfigOptions, checkTeachers, newConfig, resumedConfig } from './configure.ts';
import { performTraining, readRun, requireFree } from './run-directory.ts';

interface Options extends CommonOptions {
  readonly out?: string;
  readonly resume?: boolean;
  readonly fresh?: boolean;
}

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
  command
    .addOption(new ValueOption('--out <dir>', 'run directory (default: runs/<model>-<method>)', text('a directory')))
    .option('--resume', 'continue the run in --out, with its configuration')
    .option('--fresh', 'replace a run in --out')
    .action(async (options: Options) => train(command, options));
  command.common(example);
}

const configuring = { table: trainOptions, defaults: defaultConfig, more: otherPlaces, upgrade: upgradeConfig };

/** What to train, where. E_USAGE, E_RESUME, before anything is written. */
async function prepare(command: TritbankCommand, options: Options): Promise<{ config: TrainConfig; out: string }> {
  const wanted = options.resume && options.out !== undefined ? undefined : await newConfig(command, configuring);
  const out = options.out ?? join('runs', `${wanted?.model}-${wanted?.method}`);
  requireFree(out, options);
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
    readRun(out)?.hasCheckpoint
      ? `continue with: tritbank train --resume --out ${out}`
      : 'there is no checkpoint yet to continue from';
  const work = (how: RunOptions) => trainNetwork(config, how);
  await performTraining({ label: 'train', epochs: config.epochs, out, options, advice, work });
}
