/**
 * How threads that share a memory run the steps of a plan together: one of them commands a range of steps, each does
 * its share of a step, and none goes on before all have arrived. Counters only grow (and wrap around), so that none is
 * ever reset while another thread looks at it.
 */

/** Words of the control block. */
export const words = { generation: 0, from: 1, to: 2, arrivals: 3, failed: 4, stop: 5, count: 6 } as const;

/** Looks before a thread sleeps; a step takes some ten microseconds. */
const looks = 2000;

/** Until word `index` is `target` or beyond. A page may not sleep. */
export function awaitAtLeast(control: Int32Array, index: number, target: number, maySleep: boolean): void {
  let started = 0;
  for (let i = 0; ; i++) {
    const value = Atomics.load(control, index);
    if (((value - target) | 0) >= 0) return;
    if (i < looks) continue;
    if (maySleep) Atomics.wait(control, index, value, 1000);
    else if (i % looks === 0) {
      started ||= Date.now();
      // a worker that was ended from outside never arrives
      if (Date.now() - started > 60_000) throw new Error('internal: a thread of the runtime does not answer');
    }
  }
}

/** Says that this thread has done its share, and waits for the `count` threads. Returns the new number of arrivals. */
export function meet(control: Int32Array, arrivals: number, count: number, maySleep: boolean): number {
  const target = (arrivals + count) | 0;
  const now = Atomics.add(control, words.arrivals, 1) + 1;
  if (((now - target) | 0) >= 0) Atomics.notify(control, words.arrivals);
  else awaitAtLeast(control, words.arrivals, target, maySleep);
  return target;
}
