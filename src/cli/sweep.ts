/** `tritbank sweep`: a list of commands, one a line, for whatever executes lists of commands. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { CommanderError } from 'commander';
import { TritbankError } from '../ir/errors.ts';
import { listOf, text, type ValueKind, whole } from '../options/values.ts';
import {
  type CommonOptions,
  flagOf,
  printResult,
  quoteWord,
  RepeatedOption,
  TritbankCommand,
  ValueOption,
} from './command.ts';
import { addCompress } from './compress.ts';
import { addFineTune } from './fine-tune.ts';
import { warn } from './output.ts';
import { addTrain } from './train.ts';

interface Variation {
  /** `alpha`. */
  readonly name: string;
  readonly values: readonly string[];
}

interface Options extends CommonOptions {
  readonly vary?: readonly Variation[];
  readonly seeds?: readonly number[];
  readonly runs?: string;
  readonly prefix?: string;
}

const example = `tritbank sweep --vary alpha=0.25,0.5 --vary width=0.25,0.5 --seeds 1,2,3 --runs runs/alpha -- train --data mnist --method hybrid > commands
xargs -P 2 -d '\\n' -I {} sh -c {} < commands
parallel < commands
sbatch --array=1-12 --wrap 'eval "$(sed -n "\${SLURM_ARRAY_TASK_ID}p" commands)"'`;

const variation: ValueKind<Variation> = {
  expected: 'NAME=VALUE,VALUE...',
  parse(given) {
    const [, name, values] = /^-*([a-z][a-z0-9-]*)=(.+)$/.exec(given) ?? [];
    if (name === undefined || values === undefined) return undefined;
    const list = values.split(',').filter((value) => value !== '');
    return list.length > 0 ? { name, values: list } : undefined;
  },
  accepts: () => true,
};

const adders = { train: addTrain, 'fine-tune': addFineTune, compress: addCompress };
const sweepable = Object.keys(adders);
/** What each command of the list has of its own. */
const ownFlags = ['out', 'resume', 'force'];

/** Throws what the command would find wrong with its words before it begins. */
async function rehearse(words: readonly string[]): Promise<void> {
  const program = new TritbankCommand('tritbank').exitOverride().configureOutput({ writeOut: () => {} });
  program.isRehearsal = true;
  for (const add of Object.values(adders)) add(program);
  try {
    await program.parseAsync(words, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    throw new TritbankError('E_USAGE', 'command', `expected one that does its work, found '${words.join(' ')}'`);
  }
}

export function addSweep(program: TritbankCommand): void {
  const command = program.command('sweep');
  command
    .summary('a list of commands with their run directories')
    .description(
      'Write a command for each combination of values, one a line, each with a run directory of its own: for xargs, GNU parallel ' +
        'or an array of Slurm jobs. Runs that are finished are left out, runs that were begun go on: the same command lists what ' +
        'is still to be done.',
    )
    .argument('<COMMAND...>', `${sweepable.join(', ')} with what all runs have in common, after --`);
  command.optionsGroup('Values:');
  command.addOption(
    new RepeatedOption(
      '--vary <name=values>',
      'an option with its values, with commas between; may be repeated',
      variation,
    ),
  );
  command.addOption(
    new ValueOption(
      '--seeds <list>',
      'seeds, with commas between (default: that of the command)',
      listOf(whole({ from: 0, to: 2 ** 32 - 1 }), 'whole numbers, separated by commas'),
    ),
  );
  command.optionsGroup('Output:');
  command.addOption(
    new ValueOption('--runs <dir>', 'folder of the run directories (default: runs)', text('a directory')),
  );
  command.addOption(
    new ValueOption(
      '--prefix <words>',
      "put before each command, as 'mpirun -n 4 npx' (default: npx)",
      text('a command'),
    ),
  );
  command.action(sweep);
  command.common(example);
}

/** All combinations, the last variation changing fastest. */
function combine(variations: readonly Variation[]): (readonly [name: string, value: string])[][] {
  return variations.reduce<(readonly [string, string])[][]>(
    (all, { name, values }) => all.flatMap((one) => values.map((value) => [...one, [name, value] as const])),
    [[]],
  );
}

/** A name for a folder. */
const folderOf = (settings: readonly (readonly [string, string])[]): string =>
  settings.map(([name, value]) => `${name}-${value.replace(/[^\w.+-]+/g, '_')}`).join('-') || 'run';

async function sweep(words: readonly string[], options: Options): Promise<void> {
  const [name = ''] = words;
  if (!sweepable.includes(name)) {
    throw new TritbankError('E_USAGE', 'command', `expected one of ${sweepable.join(', ')}, found '${name}'`);
  }
  const { vary = [], seeds, runs = 'runs', prefix = 'npx' } = options;
  const variations = seeds ? [...vary, { name: 'seed', values: seeds.map(String) }] : vary;
  const names = variations.map((one) => one.name);
  const given = words.filter((word) => word.startsWith('--')).map((word) => word.slice(2).split('=', 1)[0]!);
  const own = [...ownFlags, ...(seeds ? ['seed'] : [])].find((flag) => given.includes(flag));
  if (own !== undefined) {
    throw new TritbankError('E_USAGE', `--${own}`, 'expected a command without it, which sweep adds, found it');
  }
  const reserved = names.find((one) => ownFlags.includes(one));
  if (reserved !== undefined) {
    throw new TritbankError('E_USAGE', '--vary', `expected an option that sweep does not add, found '${reserved}'`);
  }
  const twice = names.find((one, i) => names.indexOf(one) < i || given.includes(one));
  if (twice !== undefined) throw new TritbankError('E_USAGE', `--${twice}`, 'expected it once, found it twice');
  const listed = combine(variations).map((settings) => {
    const out = join(runs, folderOf(settings));
    const state = existsSync(join(out, 'result.json'))
      ? 'finished'
      : existsSync(join(out, 'config.json'))
        ? 'begun'
        : 'new';
    const values = settings.flatMap(([option, value]) => [flagOf(option), value]);
    const all = ['tritbank', ...words, ...values, '--out', out, ...(state === 'begun' ? ['--resume'] : [])];
    return {
      words: all.slice(1),
      command: `${prefix} ${all.map(quoteWord).join(' ')}`,
      out,
      settings: Object.fromEntries(settings),
      state,
    };
  });
  const shared = listed.find(({ out }, i) => listed.findIndex((one) => one.out === out) < i);
  if (shared) {
    const found = `${shared.out} twice`;
    throw new TritbankError('E_USAGE', '--vary', `expected values with a run directory each, found ${found}`);
  }
  for (const { words: all } of listed) await rehearse(all);
  const open = listed.filter(({ state }) => state !== 'finished').map(({ words: _words, ...one }) => one);
  if (open.length < listed.length) warn(`${listed.length - open.length} of ${listed.length} runs are finished`);
  printResult(options, { commands: open, finished: listed.length - open.length }, () =>
    open.map(({ command }) => command).join('\n'),
  );
}
