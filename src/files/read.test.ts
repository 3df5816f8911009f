import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { mostTextBytes, readBounded } from './read.ts';
import { readText } from './text.ts';

let directory = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'tritbank-read-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));
const at = (name: string) => join(directory, name);
const refusal = (found: string) => expect.objectContaining({ code: 'E_FILE', message: expect.stringContaining(found) });

test('files of any size up to the largest', () => {
  for (const length of [0, 1, 2 ** 16 - 1, 2 ** 16, 2 ** 16 + 1, 300_000]) {
    const bytes = Buffer.alloc(length, 'tritbank');
    writeFileSync(at('file'), bytes);
    expect(readBounded(at('file')).equals(bytes)).toBe(true);
    expect(readBounded(at('file'), { mostBytes: length }).length).toBe(length);
    if (length === 0) continue;
    const tooMany = () => readBounded(at('file'), { expected: 'a plan', mostBytes: length - 1 });
    expect(tooMany).toThrow(
      refusal(`expected a plan of at most ${(length - 1).toLocaleString('en-US')} bytes, found a`),
    );
  }
});

test('what takes no space on disk is refused by its size', () => {
  writeFileSync(at('sparse'), '');
  truncateSync(at('sparse'), mostTextBytes + 1);
  expect(() => readText(at('sparse'))).toThrow(refusal('found a larger one'));
});

test('nothing, folders and devices', () => {
  mkdirSync(at('folder'));
  expect(() => readBounded(at('none'), { expected: 'a plan' })).toThrow(refusal('expected a plan, found ENOENT'));
  expect(() => readBounded(at('folder'))).toThrow(refusal('found EISDIR'));
  for (const device of ['/dev/zero', '/dev/urandom', '/dev/null']) {
    if (existsSync(device)) expect(() => readBounded(device)).toThrow(refusal('found a device'));
  }
});

test.skipIf(process.platform === 'win32')('pipes, also those without end', () => {
  const feed = (script: string) => {
    rmSync(at('pipe'), { force: true });
    execFileSync('mkfifo', [at('pipe')]);
    return spawn('sh', ['-c', `${script} > pipe`], { cwd: directory, stdio: 'ignore' });
  };
  feed('printf "one two"');
  expect(readText(at('pipe'))).toBe('one two');
  const endless = feed('exec yes');
  expect(() => readBounded(at('pipe'), { mostBytes: 1_000_000 })).toThrow(refusal('found a larger one'));
  endless.kill();
});
