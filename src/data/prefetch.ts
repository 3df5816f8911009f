/** Bounded background work: a limit on simultaneous tasks, and a sequence that runs a few items ahead of its reader. */

/** Runs at most `limit` tasks at a time, first come, first served. */
export class Limiter {
  private running = 0;
  private stopped = false;
  private readonly waiting: (() => void)[] = [];

  constructor(private readonly limit: number) {}

  /** Runs `task` when its turn comes. After `stop()`, tasks that have not begun never settle. */
  run<T>(task: () => T | Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const begin = () => {
        this.running++;
        Promise.resolve()
          .then(task)
          .then(resolve, reject)
          .finally(() => {
            this.running--;
            if (!this.stopped) this.waiting.shift()?.();
          });
      };
      if (this.stopped) return;
      if (this.running < this.limit) begin();
      else this.waiting.push(begin);
    });
  }

  /** Drops all tasks that have not begun. */
  stop(): void {
    this.stopped = true;
    this.waiting.length = 0;
  }
}

/**
 * Yields `make(first) .. make(last - 1)` in order. While the reader holds item i, the items up to i + `ahead` are being
 * made. A failure surfaces at its item.
 */
export async function* runAhead<T>(
  first: number,
  last: number,
  ahead: number,
  make: (index: number) => Promise<T>,
): AsyncGenerator<T, void, undefined> {
  const pending: Promise<T>[] = [];
  let started = first;
  for (let i = first; i < last; i++) {
    while (started < last && started <= i + ahead) {
      const item = make(started++);
      // Reported when its turn comes; until then it must not count as unhandled.
      item.catch(() => {});
      pending.push(item);
    }
    yield await pending.shift()!;
  }
}
