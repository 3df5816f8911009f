import { request } from 'node:http';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type BenchServer, serveBench } from './serve.ts';

let server: BenchServer;
beforeAll(async () => {
  server = await serveBench(new Map([['/models/a b.onnx', Uint8Array.of(1, 2, 3)]]));
});
afterAll(() => server.close());

/** Asks for a path as it is: `fetch` would bring it into a better form. */
const get = (path: string, method = 'GET'): Promise<{ status: number; body: string }> =>
  new Promise((done, fail) => {
    const { hostname, port } = new URL(server.origin);
    const asked = request({ hostname, port, path, method }, (response) => {
      let body = '';
      response.on('data', (chunk: Buffer) => {
        body += chunk.toString('latin1');
      });
      response.on('end', () => done({ status: response.statusCode ?? 0, body }));
    });
    asked.on('error', fail).end();
  });

it('gives the page, models and files of the packages that it uses', async () => {
  expect((await get('/')).body).toContain('importmap');
  expect(await get('/models/a%20b.onnx')).toEqual({ status: 200, body: '\x01\x02\x03' });
  expect((await get('/packages/pbf/index.js?x=1')).body).toContain('export');
});

it.each([
  ['/%', 400],
  ['/%E0%A4%A', 400],
  ['//', 404],
  ['//host/', 404],
  ['/built', 404],
  ['/built/', 404],
  ['/packages/pbf', 404],
  ['/packages/pbf/', 404],
  ['/packages/pbf/package.json', 404],
  ['/packages/vite/dist/node/index.js', 404],
  ['/packages/pbf/../vite/package.json', 404],
  ['/packages/pbf/%2e%2e/%2e%2e/package.json', 404],
  ['/built/%00', 404],
  ['/models/none.onnx', 404],
])('%s is %d, and the server goes on', async (path, status) => {
  expect((await get(path)).status).toBe(status);
  expect((await get('/')).status).toBe(200);
});

it('takes nothing', async () => {
  expect((await get('/', 'POST')).status).toBe(405);
});
