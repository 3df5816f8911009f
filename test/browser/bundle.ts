/** Modules as a bundler gives them to a page. */

import { build } from 'vite';

export interface Chunk {
  readonly name: string;
  readonly code: string;
  /** Chunks that are loaded with it. */
  readonly imports: readonly string[];
}

/** The first chunk is that of the entry. */
export async function bundle(entry: string): Promise<Chunk[]> {
  const result = await build({
    configFile: false,
    logLevel: 'error',
    root: import.meta.dirname,
    base: './',
    build: {
      write: false,
      modulePreload: false,
      target: 'es2022',
      rollupOptions: { input: entry, preserveEntrySignatures: 'strict' },
    },
  });
  if (!('output' in result)) throw new Error('internal: no bundle');
  const chunks = result.output.filter((one) => one.type === 'chunk');
  return chunks
    .sort((a, b) => Number(b.isEntry) - Number(a.isEntry))
    .map(({ fileName, code, imports }) => ({ name: fileName, code, imports }));
}
