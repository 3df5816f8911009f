/** Runs a program of a YoWASP package (a program compiled to WebAssembly) in a thread of its own. */

import { parentPort } from 'node:worker_threads';
import { attemptLater } from '../../threads/reply.ts';
import { LineCollector, type ToolOutcome } from './tool.ts';

export interface NpmJob {
  /** The package's module. */
  readonly url: string;
  readonly export: string;
  readonly args: readonly string[];
  readonly files: Readonly<Record<string, string>>;
  readonly outputs: readonly string[];
}

type Tree = Readonly<Record<string, unknown>>;
type Command = (
  args: string[],
  files: Record<string, string>,
  options: { stdout: (bytes: Uint8Array | null) => void; stderr: (bytes: Uint8Array | null) => void },
) => Promise<Tree>;

/** What a program throws that ends with a status. */
interface Exit {
  readonly code: number;
  readonly files: Tree;
}

/** As a shell has it of a program that calls abort. */
const aborted = 134;

const isExit = (error: unknown): error is Exit =>
  error instanceof Error && 'code' in error && typeof error.code === 'number' && 'files' in error;

async function run(job: NpmJob): Promise<ToolOutcome> {
  const module = (await import(job.url)) as Readonly<Record<string, Command>>;
  const collector = new LineCollector((line) => parentPort!.postMessage({ kind: 'line', line }));
  const take = (bytes: Uint8Array | null) => {
    if (bytes) collector.take(bytes);
  };
  let status = 0;
  let tree: Tree;
  try {
    tree = await module[job.export]!([...job.args], { ...job.files }, { stdout: take, stderr: take });
  } catch (error) {
    if (isExit(error)) [status, tree] = [error.code, error.files];
    else if (error instanceof WebAssembly.RuntimeError) [status, tree] = [aborted, {}];
    else throw error;
  }
  const made = job.outputs.filter((name) => typeof tree[name] === 'string').map((name) => [name, tree[name] as string]);
  return { status, lines: collector.end(), files: Object.fromEntries(made) };
}

parentPort!.on('message', (job: NpmJob) => {
  void attemptLater(() => run(job)).then((reply) => parentPort!.postMessage(reply));
});
parentPort!.postMessage('ready');
