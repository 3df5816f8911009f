/** Worker threads of Node. From TypeScript sources, workers load theirs by `tsx`, where that is installed. */

import { Worker } from 'node:worker_threads';
import type { WorkerHandle } from './team.ts';

const isSource = import.meta.url.endsWith('.ts');
const workerFile = new URL(`./node-worker${isSource ? '.ts' : '.js'}`, import.meta.url);
const sourceWorker = new URL('../../../scripts/source-worker.mjs', import.meta.url);

function createWorker(): Worker {
  // options of this program, such as --eval, are not for workers
  const execArgv: string[] = [];
  return isSource
    ? new Worker(sourceWorker, { execArgv, workerData: workerFile.href })
    : new Worker(workerFile, { execArgv });
}

export function startNodeWorker(): WorkerHandle {
  const worker = createWorker();
  const ready = new Promise((resolve, reject) => {
    worker.once('message', resolve);
    worker.on('error', reject);
    worker.once('exit', (status) => reject(new Error(`a worker that ended with status ${status}`)));
  });
  // a rejection that nobody awaits any more is no failure of the program
  ready.catch(() => undefined);
  // a session that is not released keeps no program alive
  ready.then(() => worker.unref()).catch(() => undefined);
  return { ready, post: (assignment) => worker.postMessage(assignment), terminate: () => void worker.terminate() };
}
