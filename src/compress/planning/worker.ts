/** A worker thread that solves the program it is sent. It posts `ready` once it can take it. */

import { parentPort } from 'node:worker_threads';
import { attemptLater } from '../../threads/reply.ts';
import type { PlanTask } from './solver-aside.ts';
import { solverHere } from './solver-here.ts';

if (!parentPort) throw new Error('internal: this file runs in a worker thread only');
const port = parentPort;
port.on('message', async ({ kind, knapsack }: PlanTask) => {
  port.postMessage(await attemptLater<unknown>(() => solverHere[kind](knapsack)));
});
port.postMessage('ready');
