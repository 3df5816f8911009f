import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { TritbankError } from '../ir/index.ts';
import { appendLine, makeRunDirectory, readLines, truncateLines, writeFileAtomic } from './files.ts';

let directory = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'tritbank-files-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

function errorOf(action: () => unknown): TritbankError {
  try {
    action();
  } catch (error) {
    if (error instanceof TritbankError) return error;
    throw error;
  }
  throw new Error('expected an error, found none');
}

describe('writeFileAtomic', () => {
  test('replaces a file and leaves nothing else behind', () => {
    const path = join(directory, 'a.bin');
    writeFileAtomic(path, 'old and longer');
    writeFileAtomic(path, Uint8Array.of(1, 2, 3));
    expect([...readFileSync(path)]).toEqual([1, 2, 3]);
    expect(readdirSync(directory)).toEqual(['a.bin']);
  });

  test('removes its temporary file when the rename fails', () => {
    const path = join(directory, 'taken');
    mkdirSync(join(path, 'inside'), { recursive: true });
    const error = errorOf(() => writeFileAtomic(path, 'x'));
    expect(error.code).toBe('E_FILE');
    expect(error.message).toMatch(/taken: expected a writable file, found (EISDIR|ENOTEMPTY|EEXIST): /);
    expect(readdirSync(directory)).toEqual(['taken']);
  });

  test('names the directory that is missing', () => {
    const path = join(directory, 'none', 'a.json');
    const error = errorOf(() => writeFileAtomic(path, '{}'));
    expect(error.line).toBe(`error E_FILE: ${path}: expected a writable file, found ENOENT: no such file or directory`);
  });
});

describe('lines', () => {
  test('append and read', () => {
    const path = join(directory, 'metrics.jsonl');
    appendLine(path, { epoch: 1, text: 'two\nlines' });
    appendLine(path, { epoch: 2 });
    expect(readLines(path)).toEqual([{ epoch: 1, text: 'two\nlines' }, { epoch: 2 }]);
  });

  test.each(['{"epo', '{"epoch": 3, "x": "é'.slice(0, -1), '{', '\0\0\0'])(
    'a torn last line %j is dropped, then replaced',
    (torn) => {
      const path = join(directory, 'metrics.jsonl');
      writeFileSync(path, `{"epoch":1}\n{"epoch":2}\n${torn}`);
      expect(readLines(path)).toEqual([{ epoch: 1 }, { epoch: 2 }]);
      truncateLines<{ epoch: number }>(path, (record) => record.epoch < 2);
      appendLine(path, { epoch: 2, again: true });
      expect(readFileSync(path, 'utf8')).toBe('{"epoch":1}\n{"epoch":2,"again":true}\n');
    },
  );

  test('a damaged line before the last is an error with its number', () => {
    const path = join(directory, 'metrics.jsonl');
    writeFileSync(path, '{"epoch":1}\n{"epo\n{"epoch":3}\n');
    const error = errorOf(() => readLines(path));
    expect(error.code).toBe('E_FORMAT');
    expect(error.where).toBe(`${path} line 2`);
  });

  test('an absent file', () => {
    expect(errorOf(() => readLines(join(directory, 'none.jsonl'))).detail).toBe(
      'expected a readable file, found ENOENT: no such file or directory',
    );
  });

  test.skipIf(!existsSync('/dev/full'))('a full disk (skipped without /dev/full)', () => {
    expect(errorOf(() => appendLine('/dev/full', { epoch: 1 })).detail).toBe(
      'expected a writable file, found ENOSPC: no space left on device',
    );
  });
});

describe('makeRunDirectory', () => {
  test('creates parents, accepts an existing directory, removes leftovers of dead processes', () => {
    const path = join(directory, 'a', 'b');
    makeRunDirectory(path);
    writeFileSync(join(path, `.model.onnx.${2 ** 30}.tmp`), 'half');
    writeFileSync(join(path, `.model.onnx.${process.pid}.tmp`), 'being written');
    makeRunDirectory(path);
    expect(readdirSync(path)).toEqual([`.model.onnx.${process.pid}.tmp`]);
  });

  test('refuses a file in the way', () => {
    const path = join(directory, 'file');
    writeFileSync(path, '');
    const error = errorOf(() => makeRunDirectory(join(path, 'run')));
    expect(error.line).toMatch(/^error E_FILE: .*run: expected a writable directory, found ENOTDIR: /);
  });
});
