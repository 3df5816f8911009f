/**
 * A child process that answers requests: one JSON object a line on its stdin, one JSON object a line on its stdout.
 * Each contestant runs in a process of its own, so that its threads, its allocator and its peak memory are its own;
 * `serve.ts` is the other side in TypeScript, `peers/*.py` have their own. Lines that are no objects are ignored
 * (libraries like to greet).
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** The child's own words for why it cannot take part, or how it ended. */
export class ChildError extends Error {}

interface Waiting {
  resolve(reply: unknown): void;
  reject(error: ChildError): void;
}

export class Child {
  private readonly process: ChildProcess;
  private waiting: Waiting | undefined;
  private failure: ChildError | undefined;
  private lastWords = '';

  constructor(command: string, args: readonly string[]) {
    this.process = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'] });
    const stop = () => void this.process.kill();
    process.once('exit', stop);
    this.process.stderr!.on('data', (chunk) => {
      this.lastWords = (this.lastWords + chunk).slice(-2000);
    });
    this.process.stdin!.on('error', () => {}); // the child has ended: 'close' reports it
    createInterface({ input: this.process.stdout! }).on('line', (line) => {
      if (line.startsWith('{')) this.receive(JSON.parse(line));
    });
    this.process.on('error', (error) => this.fail(`${command} does not start: ${error.message}`));
    this.process.on('close', (code, signal) => {
      process.off('exit', stop);
      const words = this.lastWords.trim().split('\n').at(-1);
      this.fail(`ended with ${signal ?? `status ${code}`}${words ? `: ${words}` : ''}`);
    });
  }

  /** Sends a request (none: waits for the greeting) and waits for its reply. Rejects with a ChildError. */
  ask<T>(request?: object): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.failure) return reject(this.failure);
      if (this.waiting) throw new Error('internal: a child answers one request at a time');
      this.waiting = { resolve: (reply) => resolve(reply as T), reject };
      if (request) this.process.stdin!.write(`${JSON.stringify(request)}\n`);
    });
  }

  /** Ends the child in an orderly way: without further requests it returns. */
  async close(): Promise<void> {
    if (this.failure) return;
    const closed = new Promise((resolve) => this.process.once('close', resolve));
    this.process.stdin!.end();
    await closed;
  }

  private receive(reply: { error?: string }): void {
    const { waiting } = this;
    this.waiting = undefined;
    if (reply.error === undefined) waiting?.resolve(reply);
    else waiting?.reject(new ChildError(reply.error));
  }

  private fail(message: string): void {
    this.failure ??= new ChildError(message);
    this.waiting?.reject(this.failure);
    this.waiting = undefined;
  }
}
