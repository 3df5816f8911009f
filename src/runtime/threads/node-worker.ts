/** The entry of a worker thread in Node. */

import { parentPort } from 'node:worker_threads';
import { type Assignment, join } from './member.ts';

const port = parentPort;
if (!port) throw new Error('internal: not a worker thread');
port.once('message', (assignment: Assignment) => join(assignment, () => port.postMessage('ready')));
