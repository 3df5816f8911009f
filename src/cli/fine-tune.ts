/** `tritbank fine-tune`: a trained model trained further, as it is or with ternary weights. */

import { basename, join } from 'node:path';
import { storedConfig } from '../files/run-directory.ts';
import { requireKind } from '../files/run-kinds.ts';
import { TritbankError } from '../ir/errors.ts';
import { extend, field, type OptionTable, oneOf } from '../options/index.ts';
import { defaultFineTune } from '../train/fine-tune-config.ts';
import type { FineTuneModelConfig } from '../train/fine-tune-model.ts';
import { dataOption, fineTuneOptions, granularities } from '../train/options.ts';
import { otherPlaces } from '../train/recipe-options.ts';
import type { CommonOptions, TritbankCommand } from './command.ts';
import { addConfigFile, addConfigOptions, checkTeachers, newConfig } from './configure.ts';
import { addPlaceOptions, checkPlaceOptions, type PlaceOptions, performTraining } from './run-directory.ts';

type Options = CommonOptions & PlaceOptions;

const { Data = [], ...others } = fineTuneOptions;
const table: OptionTable<FineTuneModelConfig> = {
  Data: [
    dataOption('images; a directory with train/ and val/, or a named data set (required)'),
    ...extend<Omit<FineTuneModelConfig, 'data'>, FineTuneModelConfig>(extend(Data)),
  ],
  Method: [
    field(
      'method',
      '--method <name>',
      'fp: the model as it is; twn: every layer with ternary weights',
      oneOf(['fp', 'twn']),
    ),
    field(
      'granularity',
      '--granularity <name>',
      'twn: one threshold and scale per tensor or per filter',
      oneOf(granularities),
      {
        expected: '--method twn',
        found: ({ method }) => `--method ${method}`,
        isMet: ({ method }) => method === 'twn',
      },
    ),
  ],
  ...(Object.fromEntries(
    Object.entries(others).map(([heading, options]) => [heading, extend(options)]),
  ) as OptionTable<FineTuneModelConfig>),
};

const example = `tritbank fine-tune mobilenet.onnx --data images/ --epochs 10 --out runs/longer
tritbank fine-tune mobilenet.onnx --method twn --data images/ --epochs 10 --out runs/ternary`;

export function addFineTune(program: TritbankCommand): void {
  const command = program.command('fine-tune');
  command
    .summary('train a trained ONNX model further, as it is or with ternary weights')
    .description(
      'Train a trained ONNX classifier further: in full precision (fp), or as a ternary weight network (twn) that learns ' +
        'from the original. What compressed networks are compared with. With --distill-weight, --distill-mirror or ' +
        '--teacher, fp learns from a teacher too.',
    )
    .argument('<MODEL.onnx>', 'a classifier with one image input');
  const defaults = { ...defaultFineTune, model: '', data: '', method: 'fp', granularity: 'filter' } as const;
  addConfigOptions(command, table, defaults);
  addConfigFile(command);
  command.actionOf((model: string, options: Options) => prepare(command, model, options), fineTune);
  command.optionsGroup('Output:');
  addPlaceOptions(command, 'runs/<model>-<method>');
  command.renamed('--fresh', 'force');
  command.common(example);
}

/** What to train, where. E_USAGE, E_FILE before anything is written. */
async function prepare(command: TritbankCommand, model: string, options: Options) {
  if (options.resume && options.out !== undefined) {
    const stored = storedConfig(options.out);
    if (stored) requireKind('fine-tune', stored, join(options.out, 'config.json'));
  }
  const { fineTuneDefaults } = await import('../train/fine-tune-model.ts');
  const configFor = (method: FineTuneModelConfig['method']) =>
    newConfig<FineTuneModelConfig>(command, {
      table,
      defaults: { ...fineTuneDefaults(method), model, data: '' },
      more: [...otherPlaces, 'dims'],
      // what a run directory says besides
      upgrade: ({ start: _start, teacher: _teacher, ...stored }: { start?: string; teacher?: string }) => stored,
    });
  // which defaults there are depends on the method
  const first = await configFor('fp');
  const config = { ...(first.method === 'fp' ? first : await configFor(first.method)), model };
  if (config.data === '') throw new TritbankError('E_USAGE', '--data', 'expected a name or a directory, found none');
  checkTeachers(config.teachers);
  const out = options.out ?? join('runs', `${basename(model).replace(/\.onnx$/, '')}-${config.method}`);
  checkPlaceOptions(options);
  return { config, out, options };
}

async function fineTune({ config, out, options }: Awaited<ReturnType<typeof prepare>>): Promise<void> {
  const { fineTuneModel } = await import('../train/fine-tune-model.ts');
  await performTraining({
    label: 'fine-tune',
    epochs: config.epochs,
    out,
    options,
    advice: () => 'the same command with --resume continues',
    work: (how) => fineTuneModel(config, how),
  });
}
