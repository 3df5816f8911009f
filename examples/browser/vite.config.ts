/** The page as a static site, in `dist/example-browser`; models are beside it, from `TRITBANK_MODELS`, else the stored ones. */

import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  root: at('.'),
  base: './',
  publicDir: process.env.TRITBANK_MODELS ?? at('./models'),
  server: {
    // the page, the runtime and what that imports: not the rest of the project, which is the default
    fs: { strict: true, allow: ['.', '../../src', '../../node_modules/pbf', '../../node_modules/vite'].map(at) },
  },
  build: { outDir: at('../../runs/example-browser-site'), emptyOutDir: true, target: 'es2022' },
});
