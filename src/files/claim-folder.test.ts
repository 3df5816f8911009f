import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { claimFolder } from './outputs.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tritbank-folder-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const claim = (path: string, force = false) => claimFolder('--out', path, { force, sign: 'sign' });

test('nothing, and an empty folder, are taken; an earlier output with force', () => {
  expect(() => claim(join(folder, 'new'))).not.toThrow();
  expect(() => claim(folder)).not.toThrow();
  writeFileSync(join(folder, 'sign'), '');
  expect(() => claim(folder)).toThrow(/expected no folder there, or --force to replace it/);
  expect(() => claim(folder, true)).not.toThrow();
});

test('a file, and a folder of other files, are refused with force too', () => {
  const file = join(folder, 'file');
  writeFileSync(file, 'text');
  expect(() => claim(file, true)).toThrow(/expected a folder or nothing, found a file/);
  mkdirSync(join(folder, 'more'));
  expect(() => claim(folder, true)).toThrow(/expected an empty folder, or one of an earlier export/);
});
