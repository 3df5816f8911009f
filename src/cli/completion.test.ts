import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { whole } from '../options/values.ts';
import { TritbankCommand, ValueOption } from './command.ts';
import { completionFor, describeCommands } from './completion.ts';

function program(): TritbankCommand {
  const made = new TritbankCommand('tritbank');
  const train = made.command('train');
  train
    .description("trains: a network's weights")
    .addOption(new ValueOption('--epochs <n>', "it's [how] long", whole()));
  train.option('--resume', 'go on').renamed('--old <n>', 'epochs');
  made.command('eval').summary('accuracy').option('--json', 'one object');
  return made;
}

test('hidden options are not offered', () => {
  expect(describeCommands(program())[0]!.options.map(({ flag }) => flag)).toEqual(['--epochs', '--resume', '--help']);
});

const complete = (line: string) => {
  const words = line.split(' ');
  const script = `${completionFor('bash', program())}
COMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length - 1}; _tritbank
echo "\${COMPREPLY[*]}"`;
  const { status, stdout, stderr } = spawnSync('bash', ['-c', script], { encoding: 'utf8' });
  expect([status, stderr]).toEqual([0, '']);
  return stdout.trim();
};

test.skipIf(spawnSync('bash', ['-c', 'type complete']).status !== 0)('in bash (skipped without it)', () => {
  expect(complete('tritbank ')).toBe('train eval help --version --help');
  expect(complete('tritbank tr')).toBe('train');
  expect(complete('tritbank train --')).toBe('--epochs --resume --help');
  expect(complete('tritbank eval --j')).toBe('--json');
  expect(complete('tritbank eval model')).toBe('');
});

test('in zsh and fish', () => {
  const zsh = completionFor('zsh', program());
  expect(zsh).toContain("'train:trains\\: a network'\\''s weights'");
  expect(zsh).toContain("train) _arguments '--epochs[it'\\''s \\[how\\] long]:value:_files' '--resume[go on]'");
  const fish = completionFor('fish', program());
  expect(fish).toContain(
    "complete -c tritbank -n '__fish_seen_subcommand_from train' -l epochs -r -d 'it\\'s [how] long'",
  );
});
