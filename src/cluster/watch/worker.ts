/** The thread of a watcher. What is amiss it writes by itself: the rank's own thread may be at work in a long step. */

import { writeSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';
import { printable } from '../../ir/printable.ts';
import { type Answer, describeAlarm, type Order, SharedState } from './orders.ts';
import { Watcher } from './watcher.ts';

let watcher: Watcher | undefined;

const answer = (message: Answer) => parentPort!.postMessage(message);

function begin({ place, size, timeout, shared }: Extract<Order, { kind: 'begin' }>): void {
  const state = new SharedState(shared, size);
  watcher = new Watcher({
    place,
    timeout,
    onAmiss: () => state.setAmiss(),
    onAlarm: (alarm) => {
      const text = describeAlarm(alarm);
      const advice = 'the last checkpoint, where there is one, is whole, and --resume goes on from it';
      try {
        writeSync(2, `\n${printable(`error E_RANK: rank ${place.rank}: ${text}; ${advice}`)}\n`);
      } catch {
        // nobody reads it
      }
      state.setAlarm(text);
    },
    count: () => state.count(place.rank),
    onCount: (rank, count) => state.setCount(rank, count),
  });
}

async function obey(order: Order): Promise<Answer | undefined> {
  switch (order.kind) {
    case 'begin':
      begin(order);
      return undefined;
    case 'open':
      return { kind: 'opened', meeting: await watcher!.open(order.addresses, order.isLocal) };
    case 'join':
      return { kind: 'joined', isHeard: await watcher!.join(order.meeting) };
    case 'tell':
      return { kind: 'told', isKnown: await watcher!.tell(order.reason) };
    case 'leave':
      await watcher!.leave();
      return { kind: 'left' };
  }
}

parentPort!.on('message', (order: Order) => {
  void obey(order).then((reply) => reply && answer(reply));
});
answer({ kind: 'ready' });
