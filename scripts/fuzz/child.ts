/** One worker process, from the side of who gives it mutants: a watchdog, a limit of memory, and a new one after each end. */

import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { processorSeconds } from './processor-time.ts';
import type { Files } from './target.ts';
import type { Answer } from './worker.ts';

export interface Limits {
  /** Of work on one mutant. On a busy machine the clock may show more, up to `patience` times as much. */
  readonly seconds: number;
  readonly bytes: number;
}

export interface Verdict {
  readonly outcome: string;
  readonly failure?: string;
}

/** Loading what a target needs may take longer than any mutant. */
const startSeconds = 120;

/** So many times its limit a mutant may take by the clock where it worked for less: others have the processor. */
const patience = 12;

export class Child {
  private process: ChildProcess | undefined;

  constructor(
    private readonly target: string,
    private readonly folder: string,
    private readonly limits: Limits,
  ) {}

  /** Tries one mutant. */
  async try(index: number, files: Files): Promise<Verdict> {
    const child = this.process ?? (await this.start());
    const verdict = await this.ask(child, index, files);
    if (verdict.ended) this.stop();
    return verdict;
  }

  /** Ends the process. */
  stop(): void {
    // in order, so that it ends what it started; and at last by force
    const child = this.process;
    if (child?.connected) child.disconnect();
    if (child) setTimeout(() => child.kill('SIGKILL'), 2000).unref();
    this.process = undefined;
  }

  private async start(): Promise<ChildProcess> {
    const child = fork(fileURLToPath(new URL('./worker.ts', import.meta.url)), [this.target, this.folder], {
      serialization: 'advanced',
      execArgv: ['--import', 'tsx', `--max-old-space-size=${Math.floor(this.limits.bytes / 2 ** 20)}`],
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    this.process = child;
    let errors = '';
    child.stderr?.on('data', (chunk: Buffer) => {
      errors = (errors + chunk.toString()).slice(-2000);
    });
    await new Promise<void>((ready, fail) => {
      const timer = setTimeout(() => fail(new Error(`the worker did not start: ${errors}`)), startSeconds * 1000);
      child.once('message', () => {
        clearTimeout(timer);
        ready();
      });
      child.once('exit', () => {
        clearTimeout(timer);
        fail(new Error(`the worker did not start: ${errors}`));
      });
    });
    return child;
  }

  private ask(child: ChildProcess, index: number, files: Files): Promise<Verdict & { readonly ended: boolean }> {
    return new Promise((done) => {
      let isLeft = false;
      const finish = (verdict: Verdict, ended: boolean) => {
        clearInterval(timer);
        child.off('message', hear);
        child.off('exit', exit);
        done({ ...verdict, ended });
      };
      const end = (what: string) =>
        finish(isLeft ? { outcome: `peer ${what}` } : { outcome: what, failure: what }, true);
      const { seconds } = this.limits;
      const worked = () => processorSeconds(child.pid!) ?? Number.POSITIVE_INFINITY;
      const [begun, before] = [performance.now(), processorSeconds(child.pid!) ?? 0];
      const timer = setInterval(() => {
        const passed = (performance.now() - begun) / 1000;
        if (passed < seconds || (worked() - before < seconds && passed < patience * seconds)) return;
        end(`hang of more than ${seconds} s`);
      }, 250);
      const exit = (code: number | null, signal: string | null) => end(`crash (${signal ?? code})`);
      const hear = (answer: Answer) => {
        if (answer.index !== index) return;
        if (answer.left) {
          isLeft = true;
          return;
        }
        const { outcome = 'failed', failure, bytes = 0 } = answer;
        const isLarge = bytes > this.limits.bytes;
        if (isLarge && !isLeft) finish({ outcome, failure: `memory of ${bytes} bytes` }, true);
        else finish(failure === undefined ? { outcome } : { outcome, failure }, isLarge);
      };
      child.on('message', hear);
      child.once('exit', exit);
      child.send({ index, files });
    });
  }
}
