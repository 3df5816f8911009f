/** A local server for the page: modules as they are built, libraries from where they are installed, models from memory. */

import { createReadStream, existsSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

const require = createRequire(import.meta.url);
/** The built package, whether this module runs from there or from its source. */
const built = fileURLToPath(new URL('../../dist/', import.meta.url));

const types: Readonly<Record<string, string>> = {
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.wasm': 'application/wasm',
  '.html': 'text/html',
};

/** Where a package is installed: packages need not export their package.json, so it is looked for as Node does. */
function packageFolder(name: string): string | undefined {
  for (const folder of require.resolve.paths(name) ?? []) {
    if (existsSync(join(folder, name, 'package.json'))) return join(folder, name);
  }
  return undefined;
}

export const isInstalled = (name: string): boolean => packageFolder(name) !== undefined;

const page = () => `<!doctype html><meta charset="utf-8"><title>bench</title><link rel="icon" href="data:,">
<script type="importmap">{"imports": {
  "pbf": "/packages/pbf/index.js",
  "onnxruntime-web": "/packages/onnxruntime-web/dist/ort.wasm.min.mjs"
}}</script>
${isInstalled('@tensorflow/tfjs') ? '<script src="/packages/@tensorflow/tfjs/dist/tf.min.js"></script>' : ''}
${isInstalled('@tensorflow/tfjs-backend-wasm') ? '<script src="/packages/@tensorflow/tfjs-backend-wasm/dist/tf-backend-wasm.min.js"></script>' : ''}
<script type="module" src="/built/bench/page.js"></script>`;

function fileOf(path: string): string | undefined {
  const [, area, ...rest] = path.split('/');
  const scoped = rest[0]?.startsWith('@') ? 2 : 1;
  const root =
    area === 'built' ? built : area === 'packages' ? packageFolder(rest.slice(0, scoped).join('/')) : undefined;
  if (!root) return undefined;
  const file = normalize(join(root, ...(area === 'built' ? rest : rest.slice(scoped))));
  return file.startsWith(normalize(root + sep)) && existsSync(file) ? file : undefined;
}

export interface BenchServer {
  readonly origin: string;
  close(): Promise<void>;
}

/** `models`: bytes by path, as `/models/hybrid.onnx`. Pages may share memory between threads. */
export async function serveBench(models: ReadonlyMap<string, Uint8Array>): Promise<BenchServer> {
  const server = createServer((request, response) => {
    const path = decodeURIComponent(new URL(request.url ?? '/', 'http://localhost').pathname);
    response.setHeader('Cross-Origin-Opener-Policy', 'same-origin');
    response.setHeader('Cross-Origin-Embedder-Policy', 'require-corp');
    const model = models.get(path);
    const file = fileOf(path);
    if (path === '/') response.setHeader('Content-Type', 'text/html').end(page());
    else if (model) response.setHeader('Content-Type', 'application/octet-stream').end(model);
    else if (file)
      createReadStream(file).pipe(response.setHeader('Content-Type', types[extname(file)] ?? 'text/plain'));
    else response.writeHead(404).end();
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  return {
    origin: `http://127.0.0.1:${port}`,
    close: () => new Promise<void>((done) => server.close(() => done())),
  };
}

/** Whether the package was built, which a page needs. */
export const isBuilt = (): boolean => existsSync(join(built, 'bench', 'page.js'));
