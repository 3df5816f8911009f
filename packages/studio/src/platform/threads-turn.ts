/** In the place of the toolkit's `threads/turn.ts`: messages that are waiting are heard, without the pause of a timer. */

import type * as Node from '#toolkit/threads/turn.ts';

const { port1, port2 } = new MessageChannel();
const waiting: (() => void)[] = [];
port1.onmessage = () => waiting.shift()?.();

export const takeTurn: typeof Node.takeTurn = async (signal) => {
  await new Promise<void>((resolve) => {
    waiting.push(resolve);
    port2.postMessage(undefined);
  });
  signal?.throwIfAborted();
};
