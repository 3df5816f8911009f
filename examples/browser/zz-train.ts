import { trainModels } from '/work/main/examples/browser/make-models.ts';

await trainModels('/tmp/exmodels', 30000, (l) => console.log(l));
