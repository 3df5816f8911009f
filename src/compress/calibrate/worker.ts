/** A worker thread that fits the layers it is sent, one at a time. It posts `ready` once it can take the first. */

import { parentPort } from 'node:worker_threads';
import { attempt } from '../../threads/reply.ts';
import { fitLayer, type LayerTask } from './fit-layer.ts';
import type { Message } from './solver.ts';

if (!parentPort) throw new Error('internal: this file runs in a worker thread only');
const port = parentPort;
const post = (message: Message) => port.postMessage(message);
port.on('message', (task: LayerTask) => {
  const onShare = (share: number) => post({ kind: 'share', share });
  post({ kind: 'fitted', reply: attempt(() => fitLayer(task, onShare)) });
});
port.postMessage('ready');
