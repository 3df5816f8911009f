/**
 * Progress of long work, on stderr: on a terminal a bar, elsewhere a plain line every five seconds. Both say the same, as
 * far as there is room: done of total, rate, time left, and what the work adds (f. ex. its loss). Rate and time left come from
 * the last ten seconds, so that neither a slow start nor a pause long ago distorts them; of shares of work, whose steps are
 * uneven, time left comes from all of it.
 */

import { createRequire } from 'node:module';
import type { SingleBar } from 'cli-progress';
import { printable } from '../ir/printable.ts';
import { barDrawn, writeWholeLine } from './lines.ts';
import { fitLine, type ProgressParts, wholeLine } from './progress-text.ts';

export interface ProgressOptions {
  /** What is being done: `train 3/5 epochs`. */
  readonly label: string;
  /** In units; 0 when it is not known, then neither a share nor a time left is shown. */
  readonly total: number;
  /** Plural noun, default `images`; `%` for shares of work, which have no rate. */
  readonly unit?: string;
  /** Units done before the work starts: those of the run that is resumed. Default 0. */
  readonly initial?: number;
  readonly stream?: NodeJS.WriteStream;
  /** Writes nothing at all. */
  readonly quiet?: boolean;
  /** Milliseconds from a fixed moment; tests set their own. */
  readonly now?: () => number;
}

export interface Progress {
  /** Reports `done` units since the start. `extra` is shown as `name value` behind the status. Cheap: call it often. */
  update(done: number, extra?: Readonly<Record<string, string | number>>): void;
  /** Reports work that is not counted: `extra` is shown, and the time that it takes is none of the rate's. */
  aside(extra: Readonly<Record<string, string | number>>): void;
  /** Prints a line of its own, above the bar where there is one. */
  note(line: string): void;
  /** Shows the last state and ends. Call it also when the work fails (in `finally`): a bar keeps the process alive. */
  stop(): void;
}

const plainInterval = 5_000;
const rateWindow = 10_000;
const shortest = 200;

/** Starts reporting; nothing is written before the first update. */
export function createProgress(options: ProgressOptions): Progress {
  const { stream = process.stderr, quiet = false, now = () => performance.now() } = options;
  if (quiet) return { update: () => {}, aside: () => {}, note: () => {}, stop: () => {} };
  const status = new Status(options, now());
  const isTerminal = stream.isTTY === true && process.env.TERM !== 'dumb';
  return isTerminal ? barProgress(status, stream, now) : plainProgress(status, stream, now);
}

function plainProgress(status: Status, stream: NodeJS.WriteStream, now: () => number): Progress {
  let last = now();
  let pending = false;
  const print = () => {
    pending = false;
    stream.write(`${wholeLine(status.parts(now()))}\n`);
  };
  const show = (time: number) => {
    pending = true;
    if (time - last < plainInterval) return;
    last = time;
    print();
  };
  return {
    update(done, extra) {
      const time = now();
      status.update(done, extra, time);
      show(time);
    },
    aside(extra) {
      const time = now();
      status.aside(extra, time);
      show(time);
    },
    note: (line) => void stream.write(`${printable(line)}\n`),
    stop() {
      if (pending) print();
    },
  };
}

function barProgress(status: Status, stream: NodeJS.WriteStream, now: () => number): Progress {
  let bar: SingleBar | undefined;
  let ended = () => {};
  let stopped = false;
  // fitted to the terminal's width, so that the terminal's line wrapping can stay as it is
  const format = () => fitLine(status.parts(now()), status.share, (stream.columns || 80) - 1);
  const start = () => {
    // Loaded here, because most commands end without a bar, and with require, because update is synchronous.
    const { SingleBar: Bar } = createRequire(import.meta.url)('cli-progress') as typeof import('cli-progress');
    const settings = { format, stream, linewrap: null, hideCursor: null, gracefulExit: false, forceRedraw: true };
    const made = new Bar(settings);
    made.start(status.total, 0);
    return made;
  };
  const above = (line: string) => {
    // The bar returns to the saved cursor when it stops: save it where the bar moves to.
    stream.write(`\r\x1b[K${line}\n\x1b7`);
    bar?.render();
  };
  return {
    update(done, extra) {
      if (stopped) return;
      status.update(done, extra, now());
      if (!bar) {
        bar = start();
        ended = barDrawn(stream, above);
      }
      bar.update(done);
    },
    aside(extra) {
      status.aside(extra, now());
      bar?.render();
    },
    note: (line) => writeWholeLine(stream, printable(line)),
    stop() {
      stopped = true;
      ended();
      bar?.stop();
      bar = undefined;
    },
  };
}

/** What is known of the work: the last report, and the reports of the last seconds. */
class Status {
  readonly total: number;
  private readonly label: string;
  private readonly unit: string;
  private done: number;
  private extra: Readonly<Record<string, string | number>> = {};
  private recent: { readonly time: number; readonly done: number }[];

  constructor(options: ProgressOptions, time: number) {
    this.total = options.total;
    this.label = options.label;
    this.unit = options.unit ?? 'images';
    this.done = options.initial ?? 0;
    this.recent = [{ time, done: this.done }];
  }

  update(done: number, extra: Readonly<Record<string, string | number>> | undefined, time: number): void {
    if (done < this.done) this.recent.length = 0;
    this.done = done;
    if (extra) this.extra = extra;
    // A hundred points in the window are plenty: the newest one moves until it is that far from its predecessor.
    const previous = this.recent.at(-2);
    const isShare = this.unit === '%';
    if (previous && (isShare || time - previous.time < rateWindow / 100)) this.recent.pop();
    this.recent.push({ time, done });
    while (!isShare && this.recent.length > 2 && time - this.recent[1]!.time >= rateWindow) this.recent.shift();
  }

  /** The pace stays as it was at the last report. */
  aside(extra: Readonly<Record<string, string | number>>, time: number): void {
    this.extra = extra;
    const passed = time - this.recent.at(-1)!.time;
    this.recent = this.recent.map((point) => ({ ...point, time: point.time + passed }));
  }

  /** The share done, 0..1. */
  get share(): number {
    return this.total > 0 ? Math.min(1, Math.max(0, this.done / this.total)) : 0;
  }

  /** Units a second; undefined while it is not known. */
  private get rate(): number | undefined {
    const first = this.recent[0]!;
    const last = this.recent.at(-1)!;
    const milliseconds = last.time - first.time;
    // what was there when the work began is not its pace
    if (milliseconds < shortest) return undefined;
    const rate = (1000 * (last.done - first.done)) / milliseconds;
    return rate > 0 ? rate : undefined;
  }

  parts(time: number): ProgressParts {
    const { rate, total, done, unit } = this;
    const isShare = unit === '%';
    const share = total > 0 ? `${Math.floor(100 * this.share)} %` : undefined;
    const counted = `${count(done)}${total > 0 ? `/${count(total)}` : ''} ${unit}`;
    const seconds = rate && (total - done) / rate - (time - this.recent.at(-1)!.time) / 1000;
    return {
      label: printable(this.label),
      count: (isShare && share) || counted,
      share,
      rate: rate && !isShare ? `${rate < 10 ? rate.toFixed(1) : count(Math.round(rate))} ${unit}/s` : undefined,
      left: seconds !== undefined && total > 0 ? `ETA ${formatSeconds(seconds)}` : undefined,
      extra: Object.entries(this.extra).map(([name, value]) =>
        printable(`${name} ${typeof value === 'number' ? Number(value.toPrecision(4)) : value}`),
      ),
    };
  }
}

const count = (value: number) => value.toLocaleString('en-US');

/** `0:42`, `12:05`, `3:02:00`; negative times are 0. */
function formatSeconds(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor(whole / 60) % 60;
  const two = (value: number) => value.toString().padStart(2, '0');
  const minutesText = hours > 0 ? `${hours}:${two(minutes)}` : `${minutes}`;
  return `${minutesText}:${two(whole % 60)}`;
}
