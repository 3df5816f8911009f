/** `tritbank train`: one run, from options to a run directory with its report. */

import { basename, join } from 'node:path';
import { requireKind } from '../files/run-kinds.ts';
import { TritbankError } from '../ir/errors.ts';
import { defaultConfig, type TrainConfig, transferDefaults, upgradeConfig } from '../train/config.ts';
import type { RunOptions } from '../train/context.ts';
import { trainOptions } from '../train/options.ts';
import { otherPlaces } from '../train/recipe-options.ts';
import type { CommonOptions, TritbankCommand } from './command.ts';
import { addConfigFile, addConfigOptions, checkTeachers, newConfig, resumedConfig } from './configure.ts';
import { addPlaceOptions, checkPlaceOptions, type PlaceOptions, performTraining, readRun } from './run-directory.ts';

type Options = CommonOptions & PlaceOptions;

const example = `tritbank train --data fashion-mnist --width 0.25 --method hybrid --alpha 0.5 --epochs 10
tritbank train --resume --out runs/mobilenet-v1-hybrid
tritbank train --from mobilenet.onnx --data photos/ --validation 0.15 --out runs/photos`;

export function addTrain(program: TritbankCommand): void {
  const command = program.command('train');
  command.description(
    'Train a classifier from scratch: in full precision, with ternary weights (twn), strassenified (strassen), or with ' +
      'hybrid filter banks (hybrid); or, with --from, go on from a trained model for the classes of other images: a new head ' +
      'first, then all layers, in smaller steps (6 epochs of AdamW at a rate of 0.0003, a tenth for the first layers, where not said).',
  );
  addConfigOptions(command, trainOptions, defaultConfig);
  addConfigFile(command);
  addPlaceOptions(command, 'runs/<model>-<method>');
  command.renamed('--fresh', 'force').actionOf((options: Options) => prepare(command, options), train);
  command.common(example);
}

const configuring = {
  table: trainOptions,
  defaults: defaultConfig,
  more: [...otherPlaces, 'dims', 'start'],
  upgrade: upgradeConfig,
};

/** A new configuration; which defaults there are depends on where training starts. */
async function begin(command: TritbankCommand): Promise<TrainConfig> {
  const first = await newConfig(command, configuring);
  return first.from === undefined ? first : newConfig(command, { ...configuring, defaults: transferDefaults });
}

interface Task {
  readonly config: TrainConfig;
  readonly out: string;
  readonly options: Options;
}

/** What to train, where. E_USAGE, E_FILE, E_RESUME, before anything is written. */
async function prepare(command: TritbankCommand, options: Options): Promise<Task> {
  const task = await taskFrom(command, options);
  await checkInputs(task.config);
  return task;
}

async function taskFrom(command: TritbankCommand, options: Options): Promise<Task> {
  const wanted = options.resume && options.out !== undefined ? undefined : await begin(command);
  const out = options.out ?? join('runs', wanted ? nameOf(wanted) : '');
  checkPlaceOptions(options);
  if (options.resume) {
    const stored = readRun(out);
    if (!stored) throw new TritbankError('E_RESUME', '--resume', `expected a run in ${out}, found none`);
    requireKind('train', stored.config, join(out, 'config.json'));
    return { config: resumedConfig(command, trainOptions, stored.config, join(out, 'config.json')), out, options };
  }
  return { config: wanted ?? (await begin(command)), out, options };
}

const nameOf = ({ from, model, method }: TrainConfig) =>
  from === undefined ? `${model}-${method}` : `${basename(from).replace(/\.onnx$/, '')}-transferred`;

/** Refuses what the trainer would find out only after it has begun to write. */
async function checkInputs({ model, from, teachers }: TrainConfig): Promise<void> {
  checkTeachers(teachers);
  if (from !== undefined) return;
  const { architectures } = await import('../models/index.ts');
  if (!architectures.some(({ name }) => name === model)) {
    const expected = `expected one of ${architectures.map(({ name }) => name).join(', ')}`;
    throw new TritbankError('E_USAGE', '--model', `${expected}, found '${model}'`);
  }
}

async function train({ config, out, options }: Task): Promise<void> {
  const { trainNetwork } = await import('../train/index.ts');
  const advice = () =>
    readRun(out) ? `continue with: tritbank train --resume --out ${out}` : 'nothing had been begun: start again';
  const work = (how: RunOptions) => trainNetwork(config, how);
  await performTraining({ label: 'train', epochs: config.epochs, out, options, advice, work });
}
