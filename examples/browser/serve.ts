/**
 * `npm run example:browser`: makes the models where there are none, and serves the page.
 *
 *   npm run example:browser -- [--baseline FILE --hybrid FILE] [--port N]
 */

import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { createServer } from 'vite';
import { hasModels, takeModels, trainModels } from './make-models.ts';

const { values } = parseArgs({
  options: {
    baseline: { type: 'string' },
    hybrid: { type: 'string' },
    port: { type: 'string', default: '5173' },
    /** Folder of the models; default runs/example-browser. */
    models: { type: 'string', default: 'runs/example-browser' },
    /** Images of MNIST to train on. */
    samples: { type: 'string', default: '12000' },
  },
});
const { baseline, hybrid, models, samples, port } = values;
if ((baseline === undefined) !== (hybrid === undefined)) {
  console.error('error E_USAGE: --baseline, --hybrid: expected both or none, found one');
  process.exit(2);
}
if (baseline !== undefined && hybrid !== undefined) takeModels(models, { baseline, hybrid });
else if (!hasModels(models)) {
  console.error('training the models of the page on MNIST, once: two minutes or so');
  await trainModels(models, Number(samples), (line) => console.error(line));
}
process.env.TRITBANK_MODELS = resolve(models);
const server = await createServer({
  configFile: fileURLToPath(new URL('./vite.config.ts', import.meta.url)),
  server: { port: Number(port), host: '127.0.0.1' },
});
await server.listen();
server.printUrls();
