/** A worker thread that decomposes the layers it is sent, one at a time. It posts `ready` once it can take the first. */

import { parentPort } from 'node:worker_threads';
import { attemptLayer, type LayerWeights } from './layer.ts';

if (!parentPort) throw new Error('internal: this file runs in a worker thread only');
const port = parentPort;
port.on('message', (layer: LayerWeights) => port.postMessage(attemptLayer(layer)));
port.postMessage('ready');
