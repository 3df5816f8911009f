import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cacheFolder, findInZoo, getFromZoo, listZoo, type ModelCard, readIndex } from './index.ts';

const content = Uint8Array.from({ length: 200_000 }, (_, i) => (i * 7) % 251);
const sha256 = createHash('sha256').update(content).digest('hex');

const card: ModelCard = {
  name: 'small',
  description: 'a network',
  data: 'cifar10',
  classes: 10,
  inputSize: 32,
  file: { path: 'models/small.onnx', bytes: content.length, sha256 },
  accuracy: { top1: 0.9, interval: [0.89, 0.91], samples: 10_000 },
  parameters: 100,
  energy: { dense: 0.5, zerosSkipped: 0.4 },
  throughput: { dense: 1, zerosSkipped: 2 },
  recipe: 'tritbank train',
  machine: 'a machine',
  date: '2026-01-01',
  licence: 'Apache-2.0',
};
const index = JSON.stringify({ version: 1, models: [card] });

let folder: string;
let server: Server | undefined;
const before = { zoo: process.env.TRITBANK_ZOO, cache: process.env.XDG_CACHE_HOME };
const restore = (name: string, value: string | undefined) => {
  if (value === undefined) delete process.env[name];
  else process.env[name] = value;
};

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tritbank-zoo-'));
  process.env.XDG_CACHE_HOME = join(folder, 'cache');
});
afterEach(() => {
  server?.close();
  server = undefined;
  restore('TRITBANK_ZOO', before.zoo);
  restore('XDG_CACHE_HOME', before.cache);
  rmSync(folder, { recursive: true, force: true });
});

function fillFolder(bytes: Uint8Array = content): string {
  const zoo = join(folder, 'zoo');
  mkdirSync(join(zoo, 'models'), { recursive: true });
  writeFileSync(join(zoo, 'index.json'), index);
  writeFileSync(join(zoo, 'models/small.onnx'), bytes);
  process.env.TRITBANK_ZOO = zoo;
  return zoo;
}

/** Serves the zoo at an address; returns the ranges that were asked for, of the model only. */
async function serve(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<(string | undefined)[]> {
  const ranges: (string | undefined)[] = [];
  server = createServer((request, response) => {
    if (request.url === '/zoo/index.json') {
      response.end(index);
      return;
    }
    ranges.push(request.headers.range);
    answer(request, response);
  });
  await new Promise<void>((resolve) => server!.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  process.env.TRITBANK_ZOO = `http://127.0.0.1:${typeof address === 'object' ? address!.port : 0}/zoo`;
  return ranges;
}

/** As servers that know ranges answer. */
function answerRanges({ headers }: IncomingMessage, response: ServerResponse): void {
  const from = Number(/bytes=(\d+)-/.exec(headers.range ?? '')?.[1] ?? 0);
  response.writeHead(headers.range ? 206 : 200);
  response.end(content.subarray(from));
}

describe('a zoo in a folder', () => {
  it('has cards and files, which are where they are', async () => {
    const zoo = fillFolder();
    expect(await listZoo()).toEqual([card]);
    expect(await findInZoo('tritbank/small')).toBe(join(zoo, 'models/small.onnx'));
    expect(existsSync(cacheFolder())).toBe(false);
  });

  it('refuses content that is not the card’s', async () => {
    fillFolder(content.slice(1));
    await expect(findInZoo('tritbank/small')).rejects.toMatchObject({ code: 'E_FORMAT' });
  });

  it('says what names there are, and what to do without a file or a zoo', async () => {
    const zoo = fillFolder();
    await expect(findInZoo('tritbank/large')).rejects.toThrow('tritbank/large: expected one of small, found another');
    rmSync(join(zoo, 'models/small.onnx'));
    await expect(findInZoo('tritbank/small')).rejects.toMatchObject({ code: 'E_FILE' });
    process.env.TRITBANK_ZOO = join(folder, 'none');
    await expect(listZoo()).rejects.toThrow('npm install @tritbank/zoo');
  });
});

describe('a zoo at an address', () => {
  it('fills the cache, once', async () => {
    const ranges = await serve(answerRanges);
    const seen: number[] = [];
    const { path } = await getFromZoo('small', { onProgress: (done) => seen.push(done) });
    expect(path).toBe(join(cacheFolder(), `${sha256}.onnx`));
    expect(readFileSync(path).equals(content)).toBe(true);
    expect(seen.at(-1)).toBe(content.length);
    await getFromZoo('small');
    expect(ranges).toEqual([undefined]);
    expect(readdirSync(cacheFolder())).toEqual([`${sha256}.onnx`, expect.stringMatching(/^index-/)]);
  });

  it('goes on where a download ended', async () => {
    let times = 0;
    const ranges = await serve((request, response) => {
      times++;
      if (times > 1) {
        answerRanges(request, response);
        return;
      }
      response.writeHead(200, { 'content-length': content.length });
      response.write(content.subarray(0, 70_000), () => response.destroy());
    });
    await expect(getFromZoo('small')).rejects.toMatchObject({ code: 'E_FILE' });
    const { path } = await getFromZoo('small');
    expect(readFileSync(path).equals(content)).toBe(true);
    expect(ranges[1]).toMatch(/^bytes=[1-9]\d*-$/);
  });

  it('begins again where a server has no ranges', async () => {
    mkdirSync(cacheFolder(), { recursive: true });
    writeFileSync(join(cacheFolder(), `${sha256}.part`), content.subarray(0, 1000));
    await serve((_, response) => response.end(content));
    const { path } = await getFromZoo('small');
    expect(readFileSync(path).equals(content)).toBe(true);
  });

  it('keeps nothing of other content, and repairs a damaged cache', async () => {
    let sent = content.map((byte) => byte ^ 1);
    await serve((_, response) => response.end(sent));
    await expect(getFromZoo('small')).rejects.toMatchObject({ code: 'E_FORMAT' });
    expect(readdirSync(cacheFolder())).toEqual([expect.stringMatching(/^index-/)]);
    writeFileSync(join(cacheFolder(), `${sha256}.onnx`), 'damaged');
    sent = content;
    const { path } = await getFromZoo('small');
    expect(readFileSync(path).equals(content)).toBe(true);
  });

  it('gives up an address that sends nothing, and goes on later', async () => {
    let silent = true;
    await serve((request, response) => {
      if (!silent) answerRanges(request, response);
      else response.write(content.subarray(0, 1000));
    });
    await expect(getFromZoo('small', { patience: 200 })).rejects.toMatchObject({ code: 'E_FILE' });
    server!.closeAllConnections();
    silent = false;
    const { path } = await getFromZoo('small', { patience: 5000 });
    expect(readFileSync(path).equals(content)).toBe(true);
  });

  it('takes its last list, and what is in the cache, where it does not answer', async () => {
    await serve(answerRanges);
    const { path } = await getFromZoo('small');
    server!.closeAllConnections();
    server!.close();
    const lines: string[] = [];
    const found = await getFromZoo('small', { warn: (line) => lines.push(line) });
    expect(found).toEqual({ card, path });
    expect(lines).toEqual([expect.stringContaining('its last list is taken')]);
    expect(await listZoo()).toEqual([card]);
    rmSync(path);
    await expect(getFromZoo('small')).rejects.toMatchObject({ code: 'E_FILE' });
  });

  it.each(['https://', 'http://['])('is none where it is %s', async (given) => {
    process.env.TRITBANK_ZOO = given;
    await expect(listZoo()).rejects.toMatchObject({ code: 'E_USAGE', where: 'TRITBANK_ZOO' });
  });

  it('needs a cache that is no file', async () => {
    await serve(answerRanges);
    writeFileSync(join(folder, 'cache'), '');
    await expect(getFromZoo('small')).rejects.toMatchObject({ code: 'E_FILE' });
  });

  it('says what a server answers', async () => {
    await serve((_, response) => response.writeHead(404).end());
    await expect(getFromZoo('small')).rejects.toThrow('status 404');
  });
});

describe('an index', () => {
  it.each<[what: string, change: object, message: string]>([
    ['a path out of the zoo', { file: { ...card.file, path: '../../etc/passwd' } }, 'a path in the zoo'],
    ['another sum', { file: { ...card.file, sha256: 'abc' } }, 'a SHA-256 sum'],
    ['no accuracy', { accuracy: undefined }, 'accuracy'],
  ])('with %s is refused', (_, change, message) => {
    const text = JSON.stringify({ version: 1, models: [{ ...card, ...change }] });
    expect(() => readIndex(text, 'index.json')).toThrow(expect.objectContaining({ code: 'E_FORMAT' }));
    expect(() => readIndex(text, 'index.json')).toThrow(message);
  });

  it('that is another JSON says what was expected', () => {
    expect(() => readIndex('[]', 'zoo/index.json')).toThrow(
      'zoo/index.json: expected the index of a zoo, an object with version and models, found a list',
    );
  });
});
