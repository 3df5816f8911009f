/** A local server for the page: modules as they are built, libraries from where they are installed, models from memory. */

import { createReadStream, existsSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fileInside, pathOfRequest } from '../files/index.ts';

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

/** What a page may load: the packages that the import map and the scripts above name. */
const packages = ['pbf', 'onnxruntime-web', '@tensorflow/tfjs', '@tensorflow/tfjs-backend-wasm'];

/** A file of one of the folders, of a kind that a page loads. */
function fileIn(root: string, path: string): string | undefined {
  const file = fileInside(root, path);
  return file !== undefined && Object.hasOwn(types, extname(file)) ? file : undefined;
}

function fileOf(path: string): string | undefined {
  if (path.startsWith('/built/')) return fileIn(built, path.slice('/built/'.length));
  const name = packages.find((one) => path.startsWith(`/packages/${one}/`));
  const root = name && packageFolder(name);
  return root ? fileIn(root, path.slice(`/packages/${name}/`.length)) : undefined;
}

export interface BenchServer {
  readonly origin: string;
  close(): Promise<void>;
}

/** `models`: bytes by path, as `/models/hybrid.onnx`. Pages may share memory between threads. */
export async function serveBench(models: ReadonlyMap<string, Uint8Array>): Promise<BenchServer> {
  const server = createServer(({ url = '/', method }, response) => {
    response.setHeader('Cross-Origin-Opener-Policy', 'same-origin');
    response.setHeader('Cross-Origin-Embedder-Policy', 'require-corp');
    const path = pathOfRequest(url);
    const refuse = (status: number) => void response.writeHead(status).end();
    if (method !== 'GET' && method !== 'HEAD') return refuse(405);
    if (path === undefined) return refuse(400);
    if (path === '/') return void response.setHeader('Content-Type', 'text/html').end(page());
    const model = models.get(path);
    if (model) return void response.setHeader('Content-Type', 'application/octet-stream').end(model);
    const file = fileOf(path);
    if (!file) return refuse(404);
    response.setHeader('Content-Type', types[extname(file)]!);
    return void createReadStream(file)
      .on('error', () => response.destroy())
      .pipe(response);
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
