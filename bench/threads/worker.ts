/** A worker with a network of its own: is given the file, then for how many milliseconds to run; says how often it did. */

import { once } from 'node:events';
import { parentPort } from 'node:worker_threads';
import { makeImage } from '../../src/bench/contest.ts';
import { InferenceSession, Tensor } from '../../src/runtime/node.ts';

const port = parentPort!;
const [model] = (await once(port, 'message')) as [Uint8Array];
const session = await InferenceSession.create(model);
const { data, dims } = makeImage(3, 224);
const runOnce = () => session.run({ [session.inputNames[0]!]: new Tensor('float32', data, dims) });
for (let run = 0; run < 10; run++) await runOnce();
const next = once(port, 'message');
port.postMessage(0);
const [milliseconds] = (await next) as [number];
const end = performance.now() + milliseconds;
let runs = 0;
for (; performance.now() < end; runs++) await runOnce();
port.postMessage(runs);
