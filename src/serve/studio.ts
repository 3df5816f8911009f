/**
 * Serves the studio's page to this machine alone. The page's own files are anyone's; run directories are read with a token,
 * which the printed address has, so that no other page in the same browser gets at them. Nothing is written.
 */

import { randomBytes, timingSafeEqual } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fileError, fileInside, pathOfRequest } from '../files/index.ts';
import { TritbankError } from '../ir/index.ts';
import { findRuns, readRunFile } from './runs.ts';

/** The built page, whether this module runs from there or from its source. */
const pages = fileURLToPath(new URL('../../dist/studio/', import.meta.url));

/** All kinds of files that the page has. */
const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.onnx': 'application/octet-stream',
  '.gz': 'application/gzip',
  '.json': 'application/json',
};

const headers: Readonly<Record<string, string>> = {
  'Content-Security-Policy':
    "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self' 'unsafe-inline'; " +
    "img-src 'self' blob: data:; connect-src 'self' blob:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Cache-Control': 'no-cache',
};

export interface StudioOptions {
  /** A run directory, or a folder of some. Default: none. */
  readonly runs?: string;
  /** 0 takes one that is free. */
  readonly port: number;
}

export interface StudioServer {
  /** With the token, where runs are served. */
  readonly url: string;
  close(): Promise<void>;
}

const isSame = (given: string | null, token: string) =>
  given !== null && given.length === token.length && timingSafeEqual(Buffer.from(given), Buffer.from(token));

/** Serves run directories as JSON and text. */
function serveRuns(url: URL, response: ServerResponse, runs: string): void {
  if (url.pathname === '/api/runs') {
    response.setHeader('Content-Type', 'application/json').end(JSON.stringify(findRuns(runs)));
    return;
  }
  const [run, file] = [url.searchParams.get('run'), url.searchParams.get('file')];
  const text = run !== null && file !== null ? readRunFile(runs, run, file) : undefined;
  if (text === undefined) response.writeHead(404).end();
  else response.setHeader('Content-Type', 'text/plain; charset=utf-8').end(text);
}

function servePage(path: string, response: ServerResponse): void {
  const file = fileInside(pages, path === '/' ? 'index.html' : path.slice(1));
  const type = file && types[extname(file)];
  if (!file || !type) return void response.writeHead(404).end();
  response.setHeader('Content-Type', type);
  createReadStream(file)
    .on('error', () => response.destroy())
    .pipe(response);
}

/**
 * Starts the server. E_FILE for a folder of runs that is not there and for a studio that was not built, E_DEVICE for a port
 * that cannot be had.
 *
 * @example
 * import { serveStudio } from 'tritbank';
 *
 * try {
 *   const studio = await serveStudio({ runs: 'runs', port: 0 });
 *   console.log(studio.url);
 *   await studio.close();
 * } catch (error) {
 *   console.error(error); // there is no folder `runs`
 * }
 */
export async function serveStudio({ runs, port }: StudioOptions): Promise<StudioServer> {
  if (!existsSync(join(pages, 'index.html'))) {
    throw new TritbankError('E_FILE', 'studio', 'expected a built one (npm run studio:build), found none');
  }
  if (runs !== undefined) checkFolder(runs);
  const token = randomBytes(16).toString('hex');
  let own = '';
  const answer = ({ url = '/', method, headers: { host } }: IncomingMessage, response: ServerResponse) => {
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    const refuse = (status: number) => void response.writeHead(status).end();
    // a name that leads here from elsewhere is not this server's
    if (host !== own && host !== own.replace('127.0.0.1', 'localhost')) return refuse(421);
    if (method !== 'GET' && method !== 'HEAD') return refuse(405);
    const path = pathOfRequest(url);
    if (path === undefined) return refuse(400);
    if (!path.startsWith('/api/')) return servePage(path, response);
    const request = new URL(url, `http://${own}`);
    if (runs === undefined) return refuse(404);
    if (!isSame(request.searchParams.get('token'), token)) return refuse(403);
    return serveRuns(request, response, runs);
  };
  const server = createServer((request, response) => {
    try {
      answer(request, response);
    } catch {
      if (!response.headersSent) response.writeHead(500);
      response.end();
    }
  });
  await new Promise<void>((done, fail) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const expected = 'expected a port that is free';
      fail(
        new TritbankError('E_DEVICE', `port ${port}`, `${expected}, found ${cause.code ?? cause.message}`, { cause }),
      );
    });
    server.listen(port, '127.0.0.1', done);
  });
  own = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url: `http://${own}/${runs === undefined ? '' : `?token=${token}#runs`}`,
    close: () =>
      new Promise<void>((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}

function checkFolder(runs: string): void {
  try {
    findRuns(runs);
  } catch (cause) {
    throw fileError(runs, 'a readable folder with run directories', cause);
  }
}
