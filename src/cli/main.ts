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
import { endRanks, isSaidByRoot, leaveRanks, rankLabel } from './ranks.ts';

const writeStack = (stack: string) => stack.split('\n').forEach(writeLine);

/** Prints what went wrong; returns the exit status. */
function report(error: unknown, program: TritbankCommand, args: readonly string[]): number {
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return 0;
    const name = args[0] === 'help' ? args[1] : args[0];
    const found = name === undefined ? 'none' : `'${name}'`;
    writeLine(new TritbankError('E_USAGE', 'command', `expected ${program.commandNames()}, found ${found}`).line);
    return 2;
  }
  if (error instanceof Interruption) {
    if (rankLabel() === '') writeLine(error.message);
    leaveRanks();
    return error.exitStatus;
  }
  if (isSaidByRoot(error)) return 2;
  const debug = args.includes('--debug');
  const stack = debug && error instanceof Error ? error.stack : undefined;
  if (error instanceof TritbankError) {
    writeLine(`${rankLabel()}${error.line}`);
    if (stack) writeStack(stack);
    return error.exitStatus;
  }
  const message = (error instanceof Error ? error.message : String(error)).replaceAll('\n', ' ');
  writeLine(`error E_INTERNAL: ${message}${debug ? '' : ' (a mistake in Tritbank; --debug prints the stack)'}`);
  if (stack) writeStack(stack);
  return 1;
}

async function main(args: readonly string[]): Promise<number> {
  const program = createProgram();
  try {
    await program.parseAsync(args, { from: 'user' });
    // a command that did a part of its work has set it
    return Number(process.exitCode ?? 0);
  } catch (error) {
    const status = report(error, program, args);
    endRanks(status);
    return status;
  }
}

const args = process.argv.slice(2);
let lost: unknown;
watchStreams((error) => {
  if (lost !== undefined) return;
  lost = error;
  process.exitCode = report(error, createProgram(), args);
});
const status = await main(args);
// a command may have found that something is amiss
if (status !== 0) process.exitCode = status;
