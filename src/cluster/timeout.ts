/** How long a rank waits for the others. */

import { TritbankError } from '../ir/errors.ts';

/** Seconds after which a rank that does not take part is missed. */
export const timeoutVariable = 'TRITBANK_RANK_TIMEOUT';
const usualTimeout = 50;

/** E_USAGE for what are no seconds. */
export function rankTimeout(environment: NodeJS.ProcessEnv): number {
  const text = environment[timeoutVariable];
  const seconds = text === undefined ? usualTimeout : Number(text);
  if (seconds > 0) return seconds;
  throw new TritbankError('E_USAGE', timeoutVariable, `expected seconds above 0, found '${text}'`);
}
