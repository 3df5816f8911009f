/** The entry of a worker thread in Node. */

import { parentPort } from 'node:worker_threads';
import { type Assignment, join } from './member.ts';

const port = parentPort;
if (!port) throw new Error('internal: not a worker thread');
// A port that is listened to keeps the thread alive while kernels are instantiated; it is ended from outside.
port.on('message', (assignment: Assignment) => join(assignment, () => port.postMessage('ready')));
