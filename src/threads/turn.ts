/** Long arithmetic lets others in: signals, timers, what is to be written. */

import { setImmediate } from 'node:timers/promises';

/** Gives everything that waits its turn. Rejects with the signal's reason once it is aborted. */
export async function takeTurn(signal?: AbortSignal): Promise<void> {
  await setImmediate();
  signal?.throwIfAborted();
}
