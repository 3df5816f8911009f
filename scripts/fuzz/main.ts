/**
 * `npm run fuzz -- --minutes N [--seed S] [--target NAME ...] [--mutants N] [--first N]`: damaged files of all kinds.
 *
 * A mutant fails by a crash, a hang of more than 5 seconds of work, more than 1 GB of memory, an error that is no TritbankError,
 * control characters in an error line, or scores that differ from ONNX Runtime's. Failures are kept in runs/fuzz with
 * the command that repeats them; any makes the exit status 1.
 */

import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { runTarget } from './run-target.ts';
import { targets } from './targets/index.ts';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '3' },
    seed: { type: 'string', default: '1' },
    target: { type: 'string', multiple: true },
    /** Of each target, at most. */
    mutants: { type: 'string', default: 'Infinity' },
    first: { type: 'string', default: '0' },
    out: { type: 'string', default: join('runs', 'fuzz') },
  },
});

function numberOf(name: 'minutes' | 'seed' | 'mutants' | 'first', least: number): number {
  const number = Number(values[name]);
  if (number >= least) return number;
  console.error(`error E_USAGE: --${name}: expected a number of at least ${least}, found ${values[name]}`);
  process.exit(2);
}

const [minutes, seed, mutants, first] = [
  numberOf('minutes', 0),
  numberOf('seed', 0),
  numberOf('mutants', 1),
  numberOf('first', 0),
];
const names = values.target ?? Object.keys(targets);
const strange = names.find((name) => !Object.hasOwn(targets, name));
if (strange !== undefined) {
  console.error(`error E_USAGE: --target: expected ${Object.keys(targets).join(', ')}, found ${strange}`);
  process.exit(2);
}

const end = performance.now() + minutes * 60_000;
let failures = 0;
let total = 0;
for (const [i, name] of names.entries()) {
  const target = await targets[name]!();
  const absent = target.absent?.();
  if (absent !== undefined) {
    console.log(`${name}: left out, ${absent}`);
    continue;
  }
  // what is left of the time, in equal parts
  const now = performance.now();
  const deadline = now + (end - now) / (names.length - i);
  const limits = { seconds: 5, bytes: 2 ** 30 };
  const summary = await runTarget(target, { seed, first, mutants, deadline, kept: values.out, limits });
  const outcomes = [...summary.outcomes].sort(([, a], [, b]) => b - a).map(([outcome, n]) => `${n} ${outcome}`);
  console.log(`${name}: ${summary.mutants} mutants, ${summary.failures} failures (${outcomes.join(', ')})`);
  failures += summary.failures;
  total += summary.mutants;
}
console.log(`${total} mutants of seed ${seed}, ${failures} failures`);
process.exitCode = failures > 0 ? 1 : 0;
