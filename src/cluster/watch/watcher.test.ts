/** Watchers of three ranks in one process, over connections to this machine. */

import { connect } from 'node:net';
import { expect, it } from 'vitest';
import { describeAlarm } from './orders.ts';
import { type Alarm, Watcher } from './watcher.ts';

interface Watched {
  readonly watcher: Watcher;
  readonly alarms: string[];
  /** Resolves with the first alarm. */
  readonly heard: Promise<string>;
}

async function three({ timeout = 100, interval = 0.02 } = {}): Promise<Watched[]> {
  const watched = [0, 1, 2].map((rank): Watched => {
    const alarms: string[] = [];
    let hear = (_text: string) => {};
    const heard = new Promise<string>((resolve) => {
      hear = resolve;
    });
    const onAlarm = (alarm: Alarm) => {
      alarms.push(describeAlarm(alarm));
      hear(alarms[0]!);
    };
    const place = { rank, host: 'here', pid: 100 + rank };
    return { watcher: new Watcher({ place, timeout, interval, onAlarm, count: () => rank }), alarms, heard };
  });
  const { port, token, addresses } = await watched[0]!.watcher.open([], true);
  // the first one answers nobody
  const meeting = { port, token, addresses: ['127.0.0.77', ...addresses] };
  for (const { watcher } of watched.slice(1)) expect(await watcher.join(meeting)).toBe(true);
  return watched;
}

const leave = (watched: readonly Watched[]) => Promise.all(watched.map(({ watcher }) => watcher.leave()));

it('tells all ranks of one whose connection is closed, and none of one that leaves', async () => {
  const watched = await three();
  const [first, second, third] = watched as [Watched, Watched, Watched];
  await third.watcher.leave();
  second.watcher.break();
  expect(await first.heard).toBe('expected all ranks to go on, found that rank 1 (here, process 101) ended');
  await leave(watched);
  expect(third.alarms).toEqual([]);
  const rest = await three();
  rest[0]!.watcher.break();
  expect(await rest[1]!.heard).toContain('rank 0 (here, process 100) ended');
  expect(await rest[2]!.heard).toContain('rank 0 (here, process 100) ended');
  await leave(rest);
});

it('misses a rank that is silent', async () => {
  const watched = await three({ timeout: 0.2 });
  watched[2]!.watcher.hush();
  expect(await watched[0]!.heard).toContain('rank 2 (here, process 102) gave no sign of life for 0.2 s');
  expect(await watched[1]!.heard).toContain('rank 2');
  await leave(watched);
});

it('passes on why a rank fails, unless all fail alike', async () => {
  const watched = await three();
  expect(await watched[1]!.watcher.tell('error E_DATA: a.tar: damaged')).toBe(false);
  const said = 'found that rank 1 (here, process 101) failed: error E_DATA: a.tar: damaged';
  expect(await watched[0]!.heard).toContain(said);
  expect(await watched[2]!.heard).toContain(said);
  await leave(watched);
  const alike = await three();
  const known = await Promise.all(alike.map(({ watcher }) => watcher.tell('error E_USAGE: --batch-size: 31')));
  // rank 0 says it
  expect(known).toEqual([false, true, true]);
  expect(alike.flatMap(({ alarms }) => alarms)).toEqual([]);
  await leave(alike);
});

it('hears no stranger', async () => {
  const watched = await three();
  const meeting = await new Watcher({
    place: { rank: 0, host: 'here', pid: 1 },
    timeout: 1,
    onAlarm: () => {},
    count: () => 0,
  }).open([], true);
  const socket = connect(meeting.port, '127.0.0.1');
  const closed = new Promise((resolve) => socket.on('close', resolve));
  socket.write(`${JSON.stringify({ kind: 'hello', hello: { rank: 1, host: 'x', pid: 1, token: 'guess' } })}\n`);
  await closed;
  expect(watched.flatMap(({ alarms }) => alarms)).toEqual([]);
  await leave(watched);
});
