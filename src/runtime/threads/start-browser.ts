/** Worker threads of a page, in the form that bundlers recognise. */

import type { WorkerHandle } from './team.ts';

/** Shared memory needs a page that is cross-origin isolated (headers COOP and COEP). */
export const canShareMemory = () =>
  typeof SharedArrayBuffer === 'function' && typeof Worker === 'function' && globalThis.crossOriginIsolated === true;

export function startBrowserWorker(): WorkerHandle {
  const worker = new Worker(new URL('./browser-worker.js', import.meta.url), { type: 'module' });
  const ready = new Promise((resolve, reject) => {
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = (event) => reject(new Error(event.message || 'a worker that does not load'));
  });
  return { ready, post: (assignment) => worker.postMessage(assignment), terminate: () => worker.terminate() };
}
