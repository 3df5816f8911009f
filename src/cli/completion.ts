/**
 * `tritbank completion`: a script that completes commands and options in a shell, written from the commands themselves.
 * Values are completed as files.
 */

import { TritbankError } from '../ir/errors.ts';
import { oneOf } from '../options/values.ts';
import type { TritbankCommand } from './command.ts';
import { writeOut } from './output.ts';

const shells = ['bash', 'zsh', 'fish'] as const;
type Shell = (typeof shells)[number];

interface CompletedOption {
  readonly flag: string;
  readonly description: string;
  readonly takesValue: boolean;
}

interface CompletedCommand {
  readonly name: string;
  readonly summary: string;
  readonly options: readonly CompletedOption[];
}

/** What a shell has to know of the commands. */
export function describeCommands(program: TritbankCommand): CompletedCommand[] {
  const help = { flag: '--help', description: 'print this help', takesValue: false };
  return program.commands.map((command) => ({
    name: command.name(),
    summary: command.summary() || command.description(),
    options: [
      ...command.options
        .filter(({ hidden, long }) => !hidden && long)
        .map(({ long, description, required, optional }) => ({
          flag: long!,
          description,
          takesValue: required || optional,
        })),
      help,
    ],
  }));
}

const flagsOf = ({ options }: CompletedCommand) => options.map(({ flag }) => flag).join(' ');

function bash(commands: readonly CompletedCommand[]): string {
  const cases = commands.map((command) => `    ${command.name}) words='${flagsOf(command)}' ;;`);
  return `_tritbank() {
  local words current="\${COMP_WORDS[COMP_CWORD]}"
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W '${commands.map(({ name }) => name).join(' ')} help --version --help' -- "$current"))
    return
  fi
  case "\${COMP_WORDS[1]}" in
${cases.join('\n')}
    *) words='' ;;
  esac
  case "$current" in
    -*) COMPREPLY=($(compgen -W "$words" -- "$current")) ;;
  esac
}
complete -o default -F _tritbank tritbank`;
}

/** Text between single quotes of a shell. */
const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;

function zsh(commands: readonly CompletedCommand[]): string {
  const plain = (text: string) => text.replace(/[[\]:\\]/g, (c) => `\\${c}`);
  const names = commands.map(({ name, summary }) => `    ${quoted(`${name}:${plain(summary)}`)}`);
  const cases = commands.map(({ name, options }) => {
    const specs = options.map(({ flag, description, takesValue }) =>
      quoted(`${flag}[${plain(description)}]${takesValue ? ':value:_files' : ''}`),
    );
    return `    ${name}) _arguments ${[...specs, quoted('*:file:_files')].join(' ')} ;;`;
  });
  return `#compdef tritbank
_tritbank() {
  local -a commands
  commands=(
${names.join('\n')}
  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  local name=$words[2]
  shift words
  (( CURRENT-- ))
  case $name in
${cases.join('\n')}
  esac
}
compdef _tritbank tritbank`;
}

function fish(commands: readonly CompletedCommand[]): string {
  const escaped = (text: string) => `'${text.replace(/[\\']/g, (c) => `\\${c}`)}'`;
  const lines = commands.flatMap(({ name, summary, options }) => [
    `complete -c tritbank -n __fish_use_subcommand -f -a ${name} -d ${escaped(summary)}`,
    ...options.map(({ flag, description, takesValue }) => {
      const value = takesValue ? ' -r' : '';
      return `complete -c tritbank -n '__fish_seen_subcommand_from ${name}' -l ${flag.slice(2)}${value} -d ${escaped(description)}`;
    }),
  ]);
  return lines.join('\n');
}

const writers: Readonly<Record<Shell, (commands: readonly CompletedCommand[]) => string>> = { bash, zsh, fish };

/** The script for a shell. */
export const completionFor = (shell: Shell, program: TritbankCommand): string =>
  writers[shell](describeCommands(program));

const example = `tritbank completion bash > ~/.local/share/bash-completion/completions/tritbank
source <(tritbank completion zsh)
tritbank completion fish > ~/.config/fish/completions/tritbank.fish`;

export function addCompletion(program: TritbankCommand): void {
  const command = program.command('completion');
  const kind = oneOf(shells);
  command
    .summary('a script that completes commands and options in a shell')
    .description(`Print a script that completes commands and options in a shell: ${shells.join(', ')}.`)
    .argument('<SHELL>', shells.join(', '))
    .action((given: string) => {
      const shell = kind.parse(given);
      if (shell === undefined)
        throw new TritbankError('E_USAGE', 'SHELL', `expected ${kind.expected}, found '${given}'`);
      writeOut(`${completionFor(shell, program)}\n`);
    })
    .helpOption('-h, --help', 'print this help')
    .addHelpText('after', `\nExample:\n${example.replace(/^/gm, '  ')}`);
}
