/** A contestant's side of `child.ts`: greets, answers requests in order, ends when its stdin ends. */

import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

/**
 * The largest resident memory of this process so far, in bytes. On Linux from /proc: `getrusage` starts a child with the
 * figure of the parent that forked it.
 */
export function peakMemory(): number {
  try {
    const kilobytes = /^VmHWM:\s*(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
    if (kilobytes) return Number(kilobytes) * 1024;
  } catch {
    // no /proc on this system
  }
  return process.resourceUsage().maxRSS * 1024;
}

/** Processor time of this process since `start`, all threads together. */
export function cpuSeconds(start: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1e6;
}

type Handler<Request> = (request: Request) => Promise<object>;

/** `start` makes the greeting and the handler of requests; what either throws is the reply `{ error }`. */
export async function serve<Request>(
  start: () => Promise<{ greeting: object; answer: Handler<Request> }>,
): Promise<void> {
  const reply = (object: object) => void process.stdout.write(`${JSON.stringify(object)}\n`);
  const fail = (error: unknown) => reply({ error: error instanceof Error ? error.message : String(error) });
  try {
    const { greeting, answer } = await start();
    reply(greeting);
    for await (const line of createInterface({ input: process.stdin })) {
      try {
        reply(await answer(JSON.parse(line) as Request));
      } catch (error) {
        fail(error);
      }
    }
  } catch (error) {
    fail(error);
  }
}
