new Worker(new URL('./workshop/worker.ts', import.meta.url), { type: 'module' });
