import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Random } from '../../ir/random.ts';
import { batches } from '../batches.ts';
import { openDataset } from '../open.ts';
import { packFolder } from './pack.ts';
import { type Sample, writeShard } from './tar.ts';

const root = mkdtempSync(join(tmpdir(), 'tritbank-shards-'));
const folder = join(root, 'pictures');
const classes = ['ant', 'bee', 'cow'];
const perClass = 12;

beforeAll(async () => {
  const { mkdirSync } = await import('node:fs');
  for (const [label, name] of classes.entries()) {
    mkdirSync(join(folder, 'train', name), { recursive: true });
    mkdirSync(join(folder, 'val', name), { recursive: true });
    for (let i = 0; i < perClass + 2; i++) {
      const random = new Random(label, 'picture', i);
      // larger and smaller than what is packed
      const side = i % 3 === 0 ? 24 : 60;
      const data = Uint8Array.from({ length: 3 * side * (side + 8) }, () => 70 * label + random.int(40));
      const raw = { width: side + 8, height: side, channels: 3 } as const;
      const part = i < perClass ? 'train' : 'val';
      await sharp(data, { raw })
        .png()
        .toFile(join(folder, part, name, `${i}.png`));
    }
  }
  writeFileSync(
    join(folder, 'classes.json'),
    JSON.stringify(Object.fromEntries(classes.map((name, i) => [name, { index: 5 * i, name: `a ${name}` }]))),
  );
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

const options = { size: 32, shardImages: 8, seed: 1 } as const;
const tars = (out: string) => readdirSync(out).filter((name) => name.endsWith('.tar'));
const content = (out: string) => tars(out).map((name) => readFileSync(join(out, name)).toString('base64'));

async function labelsOf(data: string, part?: { index: number; count: number }): Promise<number[]> {
  const { train } = await openDataset(data, { imageSize: 32 });
  const labels: number[] = [];
  const how = { batchSize: 6, shuffle: true, dropLast: true, seed: 3, ...(part && { part }) };
  for await (const batch of batches(train, how)) labels.push(...batch.indices);
  return labels;
}

describe('packFolder', () => {
  it('makes shards that other tools read, with names, indices and checksums', async () => {
    const out = join(root, 'first');
    const index = await packFolder(folder, out, options);
    expect(index.classes).toEqual(classes.map((name, i) => ({ folder: name, name: `a ${name}`, index: 5 * i })));
    expect(index.train.map(({ labels }) => labels.length)).toEqual([8, 8, 8, 8, 4]);
    expect(index.val.flatMap(({ labels }) => labels)).toEqual([0, 0, 1, 1, 2, 2]);
    expect(readdirSync(out).sort()).toEqual(['index.json', ...tars(out)].sort());
    // WebDataset: NAME.png or NAME.jpg, then NAME.cls with the class
    const { execFileSync } = await import('node:child_process');
    const names = execFileSync('tar', ['tf', join(out, 'train-000001.tar')])
      .toString()
      .trim()
      .split('\n');
    expect(names).toHaveLength(16);
    expect(names[0]).toMatch(/^train-000000008\.(jpg|png)$/);
    expect(names[1]).toBe('train-000000008.cls');
    const label = execFileSync('tar', ['xOf', join(out, 'train-000001.tar'), names[1]!]).toString();
    expect(Number(label)).toBe(index.train[1]!.labels[0]);
  });

  it('is read as the folder is', async () => {
    const [packed, plain] = await Promise.all([
      openDataset(join(root, 'first'), { imageSize: 32 }),
      openDataset(folder, { imageSize: 32 }),
    ]);
    expect([packed.name, packed.classes, packed.folders]).toEqual([plain.name, plain.classes, plain.folders]);
    expect([packed.train.length, packed.test.length]).toEqual([plain.train.length, plain.test.length]);
    for (const i of [0, 1, 5]) {
      const [a, b] = await Promise.all([packed.test.read(i), plain.test.read(i)]);
      const difference = a.reduce((sum, v, k) => sum + Math.abs(v - b[k]!), 0) / a.length;
      // the second resizing and JPEG's losses
      expect(difference).toBeLessThan(6);
      expect(packed.test.labels[i]).toBe(plain.test.labels[i]);
    }
    const byIndex = await openDataset(join(root, 'first'), { labels: 'index' });
    expect([...new Set(byIndex.test.labels)]).toEqual([0, 5, 10]);
  });

  it('goes on where it was stopped, and gives the same files', async () => {
    const out = join(root, 'stopped');
    const controller = new AbortController();
    const onProgress = (done: number) => {
      if (done > 19) controller.abort();
    };
    await expect(packFolder(folder, out, { ...options, onProgress, signal: controller.signal })).rejects.toThrow();
    expect(tars(out)).toEqual(['train-000000.tar', 'train-000001.tar']);
    await expect(packFolder(folder, out, { ...options, size: 16 })).rejects.toMatchObject({ code: 'E_USAGE' });
    await expect(openDataset(out)).rejects.toMatchObject({ code: 'E_DATA' });
    let least = 1000;
    await packFolder(folder, out, { ...options, onProgress: (done) => (least = Math.min(least, done)) });
    expect(least).toBe(8);
    expect(content(out)).toEqual(content(join(root, 'first')));
  });

  it('deals each image to one rank, each rank its own shards', async () => {
    const out = join(root, 'first');
    const [all, first, second] = await Promise.all([
      labelsOf(out),
      labelsOf(out, { index: 0, count: 2 }),
      labelsOf(out, { index: 1, count: 2 }),
    ]);
    expect([...first, ...second].sort((a, b) => a - b)).toEqual(Array.from({ length: 36 }, (_, i) => i));
    expect([...all].sort((a, b) => a - b)).toEqual([...first, ...second].sort((a, b) => a - b));
    const shards = (indices: number[]) => new Set(indices.map((i) => i >> 3));
    expect([...shards(first)].filter((shard) => shards(second).has(shard)).length).toBeLessThanOrEqual(1);
  });

  it('names a damaged shard', async () => {
    const out = join(root, 'stopped');
    const path = join(out, 'train-000002.tar');
    const bytes = readFileSync(path);
    bytes[700] = bytes[700]! ^ 1;
    writeFileSync(path, bytes);
    await expect(labelsOf(out)).rejects.toMatchObject({ code: 'E_DATA', where: path });
    truncateSync(path, 1000);
    await expect(labelsOf(out)).rejects.toThrow(/expected the shard of \d+ bytes .*found 1000 bytes/);
  });
});

it.skipIf(!existsSync('/dev/full'))('says that a disk is full', async () => {
  async function* samples(): AsyncGenerator<Sample> {
    for (let i = 0; i < 40; i++) yield { name: `${i}`, extension: 'png', bytes: new Uint8Array(20_000), label: 0 };
  }
  await expect(writeShard('/dev/full', samples())).rejects.toMatchObject({ code: 'ENOSPC' });
});
