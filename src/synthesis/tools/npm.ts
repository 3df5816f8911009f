/** Programs from npm packages that are compiled to WebAssembly: they need nothing but Node. */

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Reply, settle } from '../../threads/reply.ts';
import { answerOf, startWorkers, unlessAborted } from '../../threads/worker.ts';
import type { NpmJob } from './npm-worker.ts';
import type { Tool, ToolJob, ToolNames, ToolOutcome } from './tool.ts';

const require = createRequire(import.meta.url);
const workerFile = new URL('./npm-worker.js', import.meta.url);

interface Installed {
  readonly url: string;
  readonly version: string;
}

function find(name: string): Installed | undefined {
  let entry: string;
  try {
    entry = require.resolve(name);
  } catch {
    return undefined;
  }
  for (let folder = dirname(entry); dirname(folder) !== folder; folder = dirname(folder)) {
    try {
      const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Record<string, string>;
      if (manifest.name === name) return { url: pathToFileURL(entry).href, version: manifest.version ?? '' };
    } catch {
      // not here
    }
  }
  return { url: pathToFileURL(entry).href, version: '' };
}

async function run({ url }: Installed, names: ToolNames, job: ToolJob): Promise<ToolOutcome> {
  const [worker] = await startWorkers(workerFile, 1);
  if (!worker) throw new Error('internal: no thread for a program');
  const { args, files, outputs, onLine, signal } = job;
  const message: NpmJob = { url, export: names.export, args, files, outputs };
  try {
    const answer = answerOf(worker, (given) => {
      const reply = given as Reply<ToolOutcome> | { readonly kind: 'line'; readonly line: string };
      if (reply.kind !== 'line') return reply;
      onLine?.(reply.line);
      return undefined;
    });
    worker.postMessage(message);
    return settle(await unlessAborted(answer, signal));
  } finally {
    await worker.terminate();
  }
}

/** The program in its package; undefined where that is not installed. */
export function findNpmTool(names: ToolNames): Tool | undefined {
  const installed = find(names.package);
  if (!installed) return undefined;
  return { name: `${names.package} ${installed.version}`, run: (job) => run(installed, names, job) };
}
