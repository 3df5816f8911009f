/**
 * One seed for all property tests, so that a run can be repeated: that of the environment's TRITBANK_SEED, or 1. What
 * fails says which it was.
 */

import fc, { type RunDetails } from 'fast-check';
import { expect } from 'vitest';

const given = process.env.TRITBANK_SEED ?? '1';
if (!/^-?\d{1,9}$/.test(given)) throw new Error(`TRITBANK_SEED: expected a whole number, found '${given}'`);
const seed = Number(given);

function report(details: RunDetails<unknown>): void {
  if (!details.failed) return;
  const file = expect.getState().testPath?.replace(`${process.cwd()}/`, '') ?? '';
  const again = `Again: TRITBANK_SEED=${seed} npx vitest run ${file}`;
  throw new Error(`${fc.defaultReportMessage(details)}\n\n${again}`, { cause: details.errorInstance });
}

fc.configureGlobal({ seed, reporter: report });
