/**
 * A run directory holds everything about a run: `config.json`, the result of each stage in a file of its own,
 * `provenance.jsonl`. A stage whose file is there is not done again, so that a run that was stopped goes on where it was.
 * One process at a time works in it (`lock.ts`).
 */

import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Communicator, fromRoot, isRoot, type Ranks } from '../cluster/index.ts';
import { TritbankError } from '../ir/index.ts';
import { parseText } from './check-json.ts';
import { describeDifferences } from './differences.ts';
import { fileError } from './errors.ts';
import { makeRunDirectory, probeRunDirectory, writeFileAtomic } from './files.ts';
import { type Lock, takeLock } from './lock.ts';
import { inputsIn } from './outputs.ts';
import { Provenance } from './provenance.ts';
import { kindOf, type Layout, requireKind, runKinds } from './run-kinds.ts';
import { readText } from './text.ts';

/** How a stage's result is kept in its file. */
export interface Codec<T> {
  /** E_FORMAT, naming the file, for a damaged one. */
  read(path: string): T | Promise<T>;
  write(value: T, path: string): void | Promise<void>;
}

export interface RunDirectoryOptions {
  /** All that the run depends on: a resumed run must have the same. */
  readonly config: object;
  /** Files and folders that a run of this kind leaves, besides those of this class. */
  readonly layout: Layout;
  /** What the run reads: files and folders. */
  readonly inputs?: readonly (string | undefined)[];
  /** Files in the directory that a new run reads and keeps. */
  readonly keep?: readonly (string | undefined)[];
  /** Remove what an earlier run left, or someone else under the same names. */
  readonly force?: boolean;
  /** Files of stages, each of which is made from what stands before it: a stage that is done again drops the later ones. */
  readonly order?: readonly string[];
  /** Go on with the run that is there, if there is one. */
  readonly resume?: boolean;
  /** The command line, for the records. */
  readonly command?: string;
  /** Stages do not begin once it is aborted. */
  readonly signal?: AbortSignal | undefined;
  /** A configuration of an earlier release in today's form. */
  readonly upgrade?: (stored: object) => object;
  /** The ranks that work on the run. Rank 0 has the directory, each other one a copy of its own while it works. */
  readonly ranks?: Communicator;
}

/** What is known of a run before its data are opened. */
export type RunPlace = Pick<RunDirectoryOptions, 'layout' | 'resume' | 'inputs' | 'force' | 'ranks'>;

const names = { config: 'config.json', provenance: 'provenance.jsonl' } as const;

/** The object in a file that Tritbank wrote, which the caller knows to be of type T. E_FILE, E_FORMAT. */
export function readObject<T extends object>(path: string): T {
  const value = parseText(readText(path, 'a readable JSON file'), path);
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as T;
  throw new TritbankError('E_FORMAT', path, 'expected a JSON object, found another value');
}

/** Results that are plain JSON objects. */
export const jsonCodec = <T extends object>(indent?: number): Codec<T> => ({
  read: (path) => readObject<T>(path),
  write: (value, path) => writeFileAtomic(path, `${JSON.stringify(value, null, indent)}\n`),
});

/** The configuration of the run in `directory`; undefined where there is none. E_FORMAT for a damaged one. */
export function storedConfig<T extends object>(directory: string): T | undefined {
  const path = join(directory, names.config);
  return existsSync(path) ? readObject<T>(path) : undefined;
}

/** What the run in `directory` left, of whatever kind it is; nothing where there is none, or a damaged one. */
function layoutIn(directory: string): Layout {
  if (!existsSync(join(directory, names.provenance))) return [];
  try {
    const kind = kindOf(storedConfig(directory) ?? {});
    return kind ? runKinds[kind].layout : [];
  } catch {
    return [];
  }
}

/** Names in `directory` that a run with this layout leaves, and those of the run that is there. E_FILE where it is none. */
function findTaken(directory: string, layout: Layout): string[] {
  if (!existsSync(directory)) return [];
  const ours = [...layout, ...layoutIn(directory), ...Object.values(names)];
  try {
    return readdirSync(directory).filter((name) =>
      ours.some((one) => (typeof one === 'string' ? one === name : one.test(name))),
    );
  } catch (cause) {
    throw fileError(directory, 'a directory', cause);
  }
}

/** E_USAGE where a run may not write into `directory`: what it reads is in its way, or what it did not make. */
function requirePlace(directory: string, { layout, resume, inputs = [], force }: RunPlace): void {
  const taken = findTaken(directory, layout);
  const [input] = taken.flatMap((name) => inputsIn(join(directory, name), inputs));
  if (input !== undefined) {
    const expected = 'expected a directory in which the run does not replace what it reads';
    throw new TritbankError('E_USAGE', '--out', `${expected}, found ${input} in ${directory}`);
  }
  const isResumed = resume === true && taken.includes(names.config);
  if (taken.length === 0 || isResumed || force === true) return;
  const isRun = taken.includes(names.config) && taken.includes(names.provenance);
  const [advice, found] = isRun
    ? [', --resume to go on with it, or --force to replace it', 'a run']
    : [' or files of its names, or --force to replace them', taken.join(', ')];
  throw new TritbankError(
    'E_USAGE',
    '--out',
    `expected a directory without a run${advice}, found ${found} in ${directory}`,
  );
}

/**
 * Whether a run could be in `directory`, before anything is worked on or touched: E_USAGE where its place is taken, E_FILE
 * where it cannot be written.
 */
export function checkRunPlace(directory: string, place: RunPlace): void {
  // rank 0 may have begun already
  if (!isRoot(place.ranks)) return;
  requirePlace(directory, place);
  probeRunDirectory(directory);
}

export class RunDirectory {
  private readonly provenance: Provenance;
  private readonly signal: AbortSignal | undefined;
  private readonly order: readonly string[];
  private readonly ranks: Ranks;
  /** A run that was there goes on. */
  readonly isResumed: boolean;
  private isAlone = false;
  /** Seconds of the stages that were done within the present one. */
  private inner = 0;

  private constructor(
    readonly path: string,
    private readonly lock: Lock,
    {
      config,
      layout,
      keep = [],
      resume = false,
      command = '',
      signal,
      order = [],
      upgrade = (stored) => stored,
      ranks,
    }: RunDirectoryOptions,
  ) {
    this.ranks = ranks;
    this.signal = signal;
    this.order = order;
    this.provenance = new Provenance(this.file(names.provenance));
    const stored = resume ? storedConfig(path) : undefined;
    this.isResumed = stored !== undefined;
    // compared as the file has it
    const plain = JSON.parse(JSON.stringify(config)) as object;
    if (stored) {
      const kind = kindOf(plain);
      if (kind) requireKind(kind, stored, this.file(names.config));
      const differing = describeDifferences(upgrade(stored), plain);
      if (differing) throw new TritbankError('E_RESUME', this.file(names.config), differing);
    } else {
      this.discard(layout, keep);
      writeFileAtomic(this.file(names.config), `${JSON.stringify(config, null, 2)}\n`);
    }
    this.provenance.begin(command, this.isResumed);
  }

  /**
   * Creates or enters a directory. E_USAGE where a new run would replace files and is not forced to, or any run what it
   * reads; E_RESUME for another run's configuration, E_BUSY where another process is at work in it, E_FILE where it
   * cannot be written.
   */
  static open(path: string, options: RunDirectoryOptions): RunDirectory {
    makeRunDirectory(path);
    const lock = takeLock(path, options.command ?? '');
    try {
      requirePlace(path, options);
      return new RunDirectory(path, lock, options);
    } catch (error) {
      lock.release();
      throw error;
    }
  }

  /**
   * The same with the ranks of `options`, which all call it. Those besides rank 0 begin with copies of the files that are
   * there, in a folder that goes when the process ends.
   */
  static async openTogether(path: string, options: RunDirectoryOptions): Promise<RunDirectory> {
    const { ranks } = options;
    if (!ranks) return RunDirectory.open(path, options);
    if (ranks.rank === 0) {
      const run = RunDirectory.open(path, options);
      await run.share(ranks, options.layout);
      return run;
    }
    const copy = mkdtempSync(join(tmpdir(), 'tritbank-rank-'));
    process.once('exit', () => rmSync(copy, { recursive: true, force: true }));
    const run = RunDirectory.open(copy, { ...options, inputs: [], resume: false, force: true });
    await run.share(ranks, options.layout);
    return run;
  }

  /** Hands the files of the run from rank 0 to the others. */
  private async share(ranks: Communicator, layout: Layout): Promise<void> {
    const isKept = (name: string) =>
      layout.some((one) => one === name && !name.endsWith('.html')) && statSync(this.file(name)).isFile();
    const list = await fromRoot(ranks, () => Buffer.from(JSON.stringify(readdirSync(this.path).filter(isKept))));
    for (const name of JSON.parse(Buffer.from(list!).toString()) as string[]) await this.pass(ranks, name);
  }

  /** The file `name` of rank 0 on all ranks. */
  private async pass(ranks: Communicator, name: string): Promise<void> {
    const path = this.file(name);
    const bytes = await fromRoot(ranks, () => (existsSync(path) ? readFileSync(path) : undefined));
    if (ranks.rank > 0 && bytes) writeFileAtomic(path, bytes);
  }

  file(name: string): string {
    return join(this.path, name);
  }

  /**
   * The result of a stage: from its file, or else of `work`, which is then kept there. With several ranks, rank 0 works and
   * the others get its result; with `together`, all of them work.
   */
  async stage<T>(
    stage: string,
    name: string,
    codec: Codec<T>,
    work: () => T | Promise<T>,
    { together = false }: { readonly together?: boolean } = {},
  ): Promise<T> {
    const path = this.file(name);
    if (existsSync(path)) return codec.read(path);
    // the others would wait for the outer one
    if (this.isAlone && this.ranks) throw new Error(`internal: stage '${stage}' within one of rank 0 alone`);
    return this.timed(stage, async () => {
      this.dropLater(name);
      const value = together ? await work() : await this.alone(work);
      if (isRoot(this.ranks)) await codec.write(value as T, path);
      if (this.ranks) await this.pass(this.ranks, name);
      // as a run that goes on finds it, to the last digit
      return codec.read(path);
    });
  }

  /** What rank 0 does while the others wait; nothing on these. */
  private async alone<T>(work: () => T | Promise<T>): Promise<T | undefined> {
    if (!isRoot(this.ranks)) return undefined;
    const before = this.isAlone;
    this.isAlone = true;
    try {
      return await work();
    } finally {
      this.isAlone = before;
    }
  }

  /** Work that leaves nothing. Its time is its own: without that of stages within it. */
  async timed<T>(stage: string, work: () => Promise<T>): Promise<T> {
    this.signal?.throwIfAborted();
    const outer = this.inner;
    this.inner = 0;
    const began = performance.now();
    const value = await work();
    const seconds = (performance.now() - began) / 1000;
    this.provenance.stage(stage, seconds - this.inner);
    this.inner = outer + seconds;
    return value;
  }

  /** The commands that worked on the run, the one that began it first. */
  get commands(): readonly string[] {
    return this.provenance.commands.map(({ command }) => command);
  }

  /** The command that began the run. */
  get command(): string {
    return this.commands[0] ?? '';
  }

  /** Seconds by stage, those of earlier commands included. */
  get seconds(): Readonly<Record<string, number>> {
    return this.provenance.seconds;
  }

  /** Lets other processes in. */
  close(): void {
    this.lock.release();
  }

  private dropLater(name: string): void {
    const place = this.order.indexOf(name);
    for (const later of place < 0 ? [] : this.order.slice(place + 1)) rmSync(this.file(later), { force: true });
  }

  private discard(layout: Layout, keep: readonly (string | undefined)[]): void {
    for (const name of findTaken(this.path, layout)) {
      const path = this.file(name);
      // the last thing that says whose the others are
      if (name === names.config || inputsIn(path, keep).length > 0) continue;
      rmSync(path, { recursive: true, force: true });
    }
  }
}
