/** Ranks that train together have the same state, to the bit: what differs would grow unseen. */

import { createHash } from 'node:crypto';
import type { Communicator } from '../cluster/index.ts';
import { type Tensor, TritbankError } from '../ir/index.ts';

/** E_RANK, on all ranks, unless `state` is the same on each. `where` is the place in the run. */
export async function requireSameState(
  ranks: Communicator,
  state: ReadonlyMap<string, Tensor>,
  where: string,
): Promise<void> {
  const hash = createHash('sha256');
  for (const [name, { data }] of state) {
    const values = data as Float32Array;
    hash.update(name).update(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  }
  const all = (await ranks.gather(hash.digest())).map((digest) => Buffer.from(digest).toString('hex'));
  const strange = all.findIndex((digest) => digest !== all[0]);
  if (strange < 0) return;
  const found = `found another one on rank ${strange}: its sums differ, or its data or options do`;
  throw new TritbankError('E_RANK', where, `expected the state of rank 0 on all ranks, ${found}`);
}
