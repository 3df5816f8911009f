/**
 * Benchmarks: `npm run bench -- NAME [options]`; without a name, the list.
 *
 * How to read them: all contestants run in one process tree on one machine, in turns (ours, a peer, the next peer, ours
 * again ...), so that a slow spell of the machine falls on all of them. Rates are medians over the rounds; what to quote
 * is the ratio, formed within each round and then its median. The range of the rates over the rounds says how steady the
 * machine was, and the column `others` what part of it other processes used meanwhile. That has to be near 0 % for a
 * ratio to mean anything: libraries whose threads meet at barriers (OpenMP, so PyTorch) lose far more to a busy core than
 * those whose threads take work as they come (ONNX Runtime). Nothing is written to disk unless `--out` names a file.
 */

import { CommanderError } from 'commander';
import { TritbankCommand } from '../src/cli/command.ts';
import { TritbankError } from '../src/ir/index.ts';
import { addCost } from './cost.ts';
import { addGraphSize } from './graph-size/command.ts';
import { addKernels } from './kernels/command.ts';
import { addMcu } from './mcu/command.ts';
import { addPlanner } from './planner/command.ts';
import { addThreads } from './threads/command.ts';
import { addTrainStep } from './train-step/command.ts';

const program = new TritbankCommand('bench')
  .usage('<benchmark> [options]')
  .description('Speed and memory against peers, side by side in one run.')
  .helpOption('-h, --help', 'print this help')
  .helpCommand('help [benchmark]', 'print the help of a benchmark');
addTrainStep(program);
addCost(program);
addGraphSize(program);
addKernels(program);
addMcu(program);
addPlanner(program);
addThreads(program);
for (const command of [program, ...program.commands]) command.exitOverride();

/** Prints what went wrong; returns the exit status. */
function report(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 || process.argv.length === 2 ? 0 : 2;
  const stack = process.argv.includes('--debug') && error instanceof Error ? `\n${error.stack}` : '';
  const isOurs = error instanceof TritbankError;
  const line = isOurs ? error.line : `error E_INTERNAL: ${error instanceof Error ? error.message : String(error)}`;
  process.stderr.write(`${line}${stack}\n`);
  return isOurs ? error.exitStatus : 1;
}

// A reader that has seen enough (`| head`) is no failure; `--out` is still to be written.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});

try {
  await program.parseAsync(process.argv.slice(2), { from: 'user' });
} catch (error) {
  process.exitCode = report(error);
}
