/**
 * `npm run example:browser`: serves the page, at once, with the models that are stored beside it
 * (`make-models.ts` made them from 30,000 images of MNIST, seed 1), with two files of one's own, or with models that are
 * trained now.
 *
 *   npm run example:browser -- [--baseline FILE --hybrid FILE | --train] [--port N]
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
    /** Train models on MNIST; a folder that has some is taken as it is. */
    train: { type: 'boolean', default: false },
    /** Folder of models of one's own, and of those that are trained. */
    models: { type: 'string', default: 'runs/example-browser' },
    /** Images of MNIST to train on. */
    samples: { type: 'string', default: '30000' },
  },
});
const { baseline, hybrid, train, models, samples, port } = values;
if ((baseline === undefined) !== (hybrid === undefined)) {
  console.error('error E_USAGE: --baseline, --hybrid: expected both or none, found one');
  process.exit(2);
}
const stored = fileURLToPath(new URL('./models', import.meta.url));
const isOwn = baseline !== undefined && hybrid !== undefined;
if (isOwn) takeModels(models, { baseline, hybrid });
else if (train && !hasModels(models)) {
  console.error('training the models of the page on MNIST: five minutes or so');
  await trainModels(models, Number(samples), (line) => console.error(line));
}
process.env.TRITBANK_MODELS = isOwn || train ? resolve(models) : stored;
const server = await createServer({
  configFile: fileURLToPath(new URL('./vite.config.ts', import.meta.url)),
  server: { port: Number(port), host: '127.0.0.1' },
});
await server.listen();
server.printUrls();
