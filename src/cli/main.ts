#!/usr/bin/env node
/**
 * The program `tritbank`: the one place where errors become a line on stderr and an exit status.
 * 0 done; 1 the work failed; 2 wrong usage or bad input; 130 and 143 stopped by a signal.
 */

import { CommanderError } from 'commander';
import { TritbankError } from '../ir/errors.ts';
import { Interruption, type TritbankCommand } from './command.ts';
import { watchStreams, writeLine } from './output.ts';
import { createProgram } from './program.ts';
import { endRanks, isSaid, leaveRanks, rankLabel } from './ranks.ts';

const writeStack = (stack: string) => stack.split('\n').forEach(writeLine);

/** The line that says what went wrong, and the exit status. */
function describe(error: unknown, debug: boolean): { readonly line: string; readonly status: number } {
  if (error instanceof TritbankError) return { line: error.line, status: error.exitStatus };
  const message = (error instanceof Error ? error.message : String(error)).replaceAll('\n', ' ');
  const hint = debug ? '' : ' (a mistake in Tritbank; --debug prints the stack)';
  return { line: `error E_INTERNAL: ${message}${hint}`, status: 1 };
}

/** Prints what went wrong; returns the exit status. */
async function report(error: unknown, program: TritbankCommand, args: readonly string[]): Promise<number> {
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return 0;
    const name = args[0] === 'help' ? args[1] : args[0];
    const found = name === undefined ? 'none' : `'${name}'`;
    writeLine(new TritbankError('E_USAGE', 'command', `expected ${program.commandNames()}, found ${found}`).line);
    return 2;
  }
  if (error instanceof Interruption) {
    if (rankLabel() === '') writeLine(error.message);
    await leaveRanks();
    return error.exitStatus;
  }
  const debug = args.includes('--debug');
  const { line, status } = describe(error, debug);
  if (await isSaid(error, line)) return status;
  writeLine(`${rankLabel()}${line}`);
  if (debug && error instanceof Error && error.stack) writeStack(error.stack);
  return status;
}

async function main(args: readonly string[]): Promise<number> {
  const program = createProgram();
  try {
    await program.parseAsync(args, { from: 'user' });
    // a command that did a part of its work has set it
    return Number(process.exitCode ?? 0);
  } catch (error) {
    const status = await report(error, program, args);
    await endRanks(status);
    return status;
  }
}

const args = process.argv.slice(2);
let lost: unknown;
watchStreams((error) => {
  if (lost !== undefined) return;
  lost = error;
  void report(error, createProgram(), args).then((status) => {
    process.exitCode = status;
  });
});
const status = await main(args);
// a command may have found that something is amiss
if (status !== 0) process.exitCode = status;
