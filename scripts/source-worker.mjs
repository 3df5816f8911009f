// What a worker thread starts with where the program runs from its TypeScript sources. A file of its own, so that tsx is found
// from here, whatever the current folder is.
import { workerData } from 'node:worker_threads';
import { register } from 'tsx/esm/api';

register();
await import(workerData);
