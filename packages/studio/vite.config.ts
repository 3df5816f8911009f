/**
 * The studio as a static site, in `dist/studio`. It imports the toolkit's sources; modules that only Node can run are
 * replaced by those of `src/platform`, and a built-in of Node that is left after that ends the build.
 */

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { builtinModules, createRequire } from 'node:module';
import { isAbsolute } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { defineConfig, type Plugin } from 'vite';

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const require = createRequire(import.meta.url);

/** Modules of the toolkit that need Node, and what takes their places: the same functions, for browsers. */
const twins = new Map(
  [
    ...[
      'compress/planning/load-highs',
      'compress/planning/solver-here',
      'engine/runtime',
      'files/package-text',
      'files/read',
    ],
    ...['threads/processors', 'threads/turn', 'threads/worker'],
  ].map((name) => [at(`../../src/${name}.ts`), at(`./src/platform/${name.replaceAll('/', '-')}.ts`)]),
);

/** What only Node has: its built-ins, and native libraries. */
const nodeOnly = new Set([
  ...builtinModules,
  ...builtinModules.map((name) => `node:${name}`),
  'sharp',
  'onnxruntime-node',
]);
const marked = '\0node-only/';

/** Takes the twins, and refuses what of Node's built-ins is still used once everything unused has been left out. */
function browserOnly(): Plugin {
  return {
    name: 'browser-only',
    enforce: 'pre',
    async resolveId(source, importer, options) {
      if (nodeOnly.has(source)) return { id: marked + source, moduleSideEffects: false };
      // an alias has become a path by now
      if (!(source.startsWith('.') || isAbsolute(source)) || !importer) return undefined;
      const found = await this.resolve(source, importer, { ...options, skipSelf: true });
      const twin = found && twins.get(found.id);
      return twin ?? found;
    },
    load(id) {
      if (!id.startsWith(marked)) return undefined;
      return { code: 'export default {};', syntheticNamedExports: true, moduleSideEffects: false };
    },
    generateBundle(_, bundle) {
      for (const chunk of Object.values(bundle)) {
        if (chunk.type !== 'chunk') continue;
        const isUsed = (id: string) => (chunk.modules[id]?.renderedLength ?? 0) > 0;
        for (const id of chunk.moduleIds.filter((one) => one.startsWith(marked) && isUsed(one))) {
          // what a library imports only where it finds itself in Node has no users here
          const users = this.getModuleInfo(id)?.importers.filter(isUsed) ?? [];
          if (users.length === 0) continue;
          this.error(
            `expected nothing that only Node has, found ${id.slice(marked.length)}, used by ${users.join(', ')}`,
          );
        }
      }
    },
  };
}

const compressed: Readonly<Record<string, string>> = {
  'virtual:highs': 'highs/runtime',
  'virtual:onnxruntime': 'onnxruntime-web/ort-wasm-simd-threaded.wasm',
};

/** WebAssembly of libraries as gzipped files: a fourth of the size wherever the files are kept. */
function gzipped(): Plugin {
  return {
    name: 'gzipped',
    resolveId: (source) => (Object.hasOwn(compressed, source) ? `\0${source}` : undefined),
    load(id) {
      const path = compressed[id.slice(1)];
      if (path === undefined || !id.startsWith('\0virtual:')) return undefined;
      const source = gzipSync(readFileSync(require.resolve(path)), { level: 9 });
      const reference = this.emitFile({ type: 'asset', name: `${id.slice(9)}.wasm.gz`, source });
      return `export default import.meta.ROLLUP_FILE_URL_${reference};`;
    },
  };
}

/** Libraries look for their WebAssembly beside themselves unless they are given it, as they are here. */
function withoutOwnFiles(): Plugin {
  return {
    name: 'without-own-files',
    transform(code, id) {
      if (!/node_modules\/(highs|onnxruntime-web)\//.test(id)) return undefined;
      const own = /new URL\(("[\w.-]+\.wasm"),\s*import\.meta\.url\)/g;
      return own.test(code) ? { code: code.replace(own, 'new URL($1,self.location.href)'), map: null } : undefined;
    },
  };
}

/** Leaves out files that belong to modules which nothing uses. */
function onlyUsed(): Plugin {
  return {
    name: 'only-used',
    enforce: 'post',
    generateBundle: {
      order: 'post',
      handler(_, bundle) {
        const files = Object.values(bundle);
        const texts = files.map((file) => (file.type === 'chunk' ? file.code : `${file.source}`));
        for (const { type, fileName, names } of files.flatMap((file) => (file.type === 'asset' ? [file] : []))) {
          const isEntry = fileName.endsWith('.html') || fileName.endsWith('.css');
          const isUsed = texts.some((text) => text.includes(fileName.split('/').at(-1)!));
          if (type === 'asset' && !isEntry && !isUsed) {
            this.debug(`${names.join(', ')} is not used`);
            delete bundle[fileName];
          }
        }
      },
    },
  };
}

/** Writes the service worker: the page's files, those that it begins with first, and a version by their content. */
function keptOffline(): Plugin {
  return {
    name: 'kept-offline',
    enforce: 'post',
    generateBundle: {
      order: 'post',
      handler(_, bundle) {
        const files = Object.values(bundle);
        const entries = files.flatMap((file) => (file.type === 'chunk' && file.isEntry ? [file, ...file.imports] : []));
        const first = [
          './',
          './from-file.js',
          ...entries.map((entry) => `./${typeof entry === 'string' ? entry : entry.fileName}`),
          ...Object.keys(bundle).flatMap((name) => (name.endsWith('.css') ? [`./${name}`] : [])),
        ];
        const hash = createHash('sha256');
        for (const file of files) hash.update(file.type === 'chunk' ? file.code : file.source);
        const others = Object.keys(bundle).filter((name) => !name.endsWith('.html'));
        const all = [...new Set([...first, ...others.map((name) => `./${name}`)])];
        const written = JSON.stringify({ version: hash.digest('hex').slice(0, 12), first, all });
        const source = readFileSync(at('src/service-worker.js'), 'utf8').replace('FILES', written);
        this.emitFile({ type: 'asset', fileName: 'service-worker.js', source });
      },
    },
  };
}

/** Sources of worker threads, which only Node starts, are no files of the page. */
function withoutThreads(): Plugin {
  const threads = /(?<!new Worker\()new URL\(('\.\/[\w-]+\.[jt]s'), import\.meta\.url\)/g;
  return {
    name: 'without-threads',
    enforce: 'pre',
    transform(code, id) {
      if (!id.startsWith(at('../../src/')) || !threads.test(code)) return undefined;
      return { code: code.replace(threads, 'new URL($1, self.location.href)'), map: null };
    },
  };
}

const forAll = (): Plugin[] => [browserOnly(), withoutThreads(), gzipped(), withoutOwnFiles()];

export default defineConfig({
  root: at('.'),
  base: './',
  plugins: [...forAll(), onlyUsed(), keptOffline()],
  resolve: { alias: { '#toolkit': at('../../src') } },
  worker: { format: 'es', plugins: forAll },
  esbuild: { jsx: 'automatic', jsxImportSource: 'preact' },
  build: {
    outDir: at('../../dist/studio'),
    emptyOutDir: true,
    target: 'es2022',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 1200,
  },
});
