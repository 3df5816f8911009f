/**
 * What all commands share: options that say what is wrong with their values, usage errors in Tritbank's form, results
 * on stdout, signals. Nothing here loads the runtime or the data: `--help` has to start at once.
 */

import { Command, type ErrorOptions, Option } from 'commander';
import { TritbankError } from '../ir/errors.ts';
import { printableJson, printableLines } from '../ir/printable.ts';
import type { ValueKind } from '../options/values.ts';
import { writeOut } from './output.ts';
import { isAmiss, launcherStops, rankLabel } from './ranks.ts';

export { version } from '../files/machine.ts';

/** An option with a value; a bad one is an E_USAGE error that names the option. */
export class ValueOption<T> extends Option {
  readonly kind: ValueKind<T>;

  constructor(flags: string, description: string, kind: ValueKind<T>) {
    super(flags, description);
    this.kind = kind;
    this.argParser((text) => {
      const value = kind.parse(text);
      if (value !== undefined) return value;
      throw new TritbankError('E_USAGE', this.long ?? flags, `expected ${kind.expected}, found '${text}'`);
    });
  }
}

/** An option that may be given several times; its value is the list of them. */
export class RepeatedOption<T> extends Option {
  constructor(flags: string, description: string, kind: ValueKind<T>) {
    super(flags, description);
    this.argParser((text, before: readonly T[] | undefined) => {
      const value = kind.parse(text);
      if (value !== undefined) return [...(before ?? []), value];
      throw new TritbankError('E_USAGE', this.long ?? flags, `expected ${kind.expected}, found '${text}'`);
    });
  }
}

/** Options that every command has. */
export interface CommonOptions {
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly debug?: boolean;
}

/** A command that throws `TritbankError`s of code E_USAGE where commander would print a message of its own. */
export class TritbankCommand extends Command {
  /** Whether commands below only find out whether their command lines mean something. */
  isRehearsal = false;

  override createCommand(name?: string): TritbankCommand {
    return new TritbankCommand(name);
  }

  /** Adds the options of `CommonOptions` and an example. Call it last: help lists options in the order of their calls. */
  common(example: string): this {
    this.optionsGroup('Output:');
    this.option('--json', 'print one machine-readable object on stdout, and nothing else there');
    this.option('--quiet', 'no progress on stderr');
    this.option('--debug', 'print the stack of an error');
    this.helpOption('-h, --help', 'print this help');
    return this.addHelpText('after', `\nExample:\n${example.replace(/^/gm, '  ')}`);
  }

  /**
   * The action in two parts: what the command line means, which throws what is wrong with it and writes nothing, and the
   * work, which a rehearsal leaves out.
   */
  actionOf<A extends unknown[], T>(
    prepare: (...given: A) => Promise<T>,
    perform: (prepared: T) => Promise<void>,
  ): this {
    return this.action(async (...given) => {
      const prepared = await prepare(...(given as A));
      if (!(this.parent as TritbankCommand | null)?.isRehearsal) await perform(prepared);
    });
  }

  /** `--force`, of a command that writes files which are named by options. */
  replacing(): this {
    return this.option('--force', 'replace files that are there');
  }

  /** An option under the name that it had in earlier releases; the help does not show it. */
  renamed(flags: string, attribute: string): this {
    const target = this.options.find((option) => option.attributeName() === attribute);
    if (!target) throw new Error(`internal: no option '${attribute}'`);
    const old = new Option(flags).hideHelp();
    if (target.parseArg) old.argParser(target.parseArg);
    this.addOption(old);
    const take = () => this.setOptionValueWithSource(attribute, this.getOptionValue(old.attributeName()), 'cli');
    return this.on(`option:${old.name()}`, take);
  }

  /** Values that were given on the command line, by attribute name; defaults are left out. */
  given(): Readonly<Record<string, unknown>> {
    const entries = Object.entries(this.opts()).filter(([name]) => this.getOptionValueSource(name) === 'cli');
    return Object.fromEntries(entries);
  }

  override error(message: string, options?: ErrorOptions): never {
    const [where, detail] = this.explain(message, options?.code ?? '');
    throw new TritbankError('E_USAGE', where, detail);
  }

  /** Commander's errors carry a code and a sentence; the name is between the quotes, a suggestion in parentheses. */
  private explain(message: string, code: string): [where: string, detail: string] {
    const quoted = /'([^']*)'/.exec(message)?.[1] ?? '';
    const suggestion = /\(Did you mean ([^)]*)\?\)/.exec(message)?.[1];
    const hint = suggestion === undefined ? '' : `, did you mean ${suggestion}?`;
    const full = this.parent ? `${this.parent.name()} ${this.name()}` : this.name();
    switch (code) {
      case 'commander.unknownCommand':
        return ['command', `expected ${this.commandNames()}, found '${quoted}'${hint}`];
      case 'commander.unknownOption':
        return [quoted, `expected an option of '${full}' (see its --help), found an unknown one${hint}`];
      case 'commander.missingArgument':
        return [quoted, `expected an argument of '${full}', found none`];
      case 'commander.optionMissingArgument':
      case 'commander.missingMandatoryOptionValue': {
        const option = this.options.find((candidate) => candidate.flags === quoted);
        const expected = option instanceof ValueOption ? option.kind.expected : 'a value';
        return [option?.long ?? quoted, `expected ${expected}, found none`];
      }
      case 'commander.excessArguments': {
        const extra = this.args.slice(this.registeredArguments.length).map((arg) => `'${arg}'`);
        return [
          full,
          `expected ${this.registeredArguments.length || 'no'} arguments, found ${extra.join(' ')} besides`,
        ];
      }
      default:
        return [full, `expected other arguments, found: ${message.replace(/^error: /, '').replaceAll('\n', ' ')}`];
    }
  }

  /** `one of train, eval`. */
  commandNames(): string {
    return `one of ${this.commands.map((command) => command.name()).join(', ')}`;
  }
}

/**
 * Prints a command's result: the object with `--json`, else the text. Names out of files may hold control characters: they
 * are escaped, unless the text is printable already and has colours.
 */
export function printResult(
  { json }: CommonOptions,
  result: object,
  text: () => string,
  { isPrintable = false }: { readonly isPrintable?: boolean } = {},
): void {
  const shown = json ? printableJson(JSON.stringify(result)) : isPrintable ? text() : printableLines(text());
  writeOut(`${shown}\n`);
}

/** A word as a shell takes it. */
export const quoteWord = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;

/** This process's command line as one would type it. */
export function commandLine(): string {
  return ['tritbank', ...process.argv.slice(2).map(quoteWord)].join(' ');
}

const signalStatus = { SIGINT: 130, SIGTERM: 143 } as const;
type SignalName = keyof typeof signalStatus;

/** Milliseconds in which a signal comes twice: to the group of processes, and again by npx, which hands it on. */
const echo = 300;

/** Work that a signal ended in an orderly way. */
export class Interruption extends Error {
  readonly exitStatus: number;

  constructor(signal: SignalName, advice: string) {
    super(`stopped by ${signal}; ${advice}`);
    this.exitStatus = signalStatus[signal];
  }
}

/**
 * Does work that can be aborted. The first SIGINT or SIGTERM aborts it, and when it then rejects with an `AbortError`
 * the result is an `Interruption` with `advice()`, how to go on; the second one ends the process at once.
 */
export async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>, advice: () => string): Promise<T> {
  const controller = new AbortController();
  let received: SignalName | undefined;
  let first = 0;
  const stop = (signal: NodeJS.Signals) => {
    const name = signal as SignalName;
    if (received && performance.now() - first < echo) return;
    if (received) process.exit(signalStatus[name]);
    received = name;
    first = performance.now();
    const [who, why] = [rankLabel(), name === 'SIGTERM' ? launcherStops() : ''];
    if (!isAmiss()) {
      process.stderr.write(`\n${who}${name}${why}: stopping after this step and saving; once more ends at once\n`);
    }
    controller.abort();
  };
  const names = Object.keys(signalStatus) as SignalName[];
  for (const name of names) process.on(name, stop);
  try {
    return await work(controller.signal);
  } catch (error) {
    if (received && error instanceof Error && error.name === 'AbortError') throw new Interruption(received, advice());
    throw error;
  } finally {
    for (const name of names) process.off(name, stop);
  }
}

/** The flag of an option by the name that its value has: `--data-dir` of `dataDir`. */
export const flagOf = (name: string): string => `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
