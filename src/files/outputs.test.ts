import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { writeFileAtomic } from './files.ts';
import { claimOutputs } from './outputs.ts';

let directory = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'tritbank-outputs-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const at = (name: string) => join(directory, name);
const refusal = (code: string, message: string) =>
  expect.objectContaining({ code, message: expect.stringContaining(message) });

test('a file that is there is replaced by force only, an empty one at any time', () => {
  writeFileSync(at('a.json'), 'mine');
  writeFileSync(at('empty'), '');
  expect(() => claimOutputs({ '--out': at('a.json') })).toThrow(refusal('E_USAGE', '--force to replace it'));
  claimOutputs({ '--out': at('a.json'), '--report': undefined }, { force: true });
  claimOutputs({ '--out': at('empty'), '--report': at('new.html') });
  expect(readdirSync(directory).sort()).toEqual(['a.json', 'empty']);
  expect(readFileSync(at('a.json'), 'utf8')).toBe('mine');
});

test('no input is an output, and no two outputs are one', () => {
  writeFileSync(at('model.onnx'), 'mine');
  symlinkSync(at('model.onnx'), at('link'));
  for (const out of ['model.onnx', 'link']) {
    const claim = () => claimOutputs({ '--out': at(out) }, { force: true, inputs: [undefined, at('model.onnx')] });
    expect(claim).toThrow(refusal('E_USAGE', 'expected another file than what is read'));
  }
  const twice = () => claimOutputs({ '--out': at('x'), '--report': join(directory, '.', 'x') });
  expect(twice).toThrow(refusal('E_USAGE', '--report: expected another file than that of --out'));
});

test('what cannot be written is known at once', () => {
  writeFileSync(at('file'), 'x');
  mkdirSync(at('folder'));
  for (const [path, found] of [
    [at('none/a.json'), 'ENOENT'],
    [at('file/a.json'), 'ENOTDIR'],
    [at('folder'), 'found a directory'],
    ['/proc/a.json', 'found E'],
  ] as const) {
    if (path.startsWith('/proc') && !existsSync('/proc/self')) continue;
    expect(() => claimOutputs({ '--out': path }, { force: true })).toThrow(refusal('E_FILE', found));
  }
});

test('links are followed', () => {
  mkdirSync(at('deep'));
  symlinkSync('deep/target', at('link'));
  claimOutputs({ '--out': at('link') });
  writeFileAtomic(at('link'), 'new');
  expect(readFileSync(at('deep/target'), 'utf8')).toBe('new');
  expect(readdirSync(directory).sort()).toEqual(['deep', 'link']);
  symlinkSync('circle', at('circle'));
  expect(() => claimOutputs({ '--out': at('circle') })).toThrow(refusal('E_FILE', 'ELOOP'));
});

test.skipIf(process.platform === 'win32')('a pipe is written to, and stays one', () => {
  const script = 'mkfifo pipe && cat pipe > received & while ! test -p pipe; do sleep 0.02; done';
  execFileSync('sh', ['-c', script], { cwd: directory, stdio: 'ignore' });
  claimOutputs({ '--out': at('pipe') });
  writeFileAtomic(at('pipe'), 'through');
  execFileSync('sh', ['-c', 'until test -s received; do sleep 0.02; done; test -p pipe'], { cwd: directory });
  expect(readFileSync(at('received'), 'utf8')).toBe('through');
});

test.skipIf(!existsSync('/dev/full'))('devices are written to, and stay (skipped without /dev/full)', () => {
  claimOutputs({ '--out': '/dev/null', '--report': '/dev/null' });
  writeFileAtomic('/dev/null', 'x');
  expect(() => writeFileAtomic('/dev/full', 'x')).toThrow(refusal('E_FILE', 'ENOSPC'));
  for (const path of ['/dev/null', '/dev/full']) execFileSync('test', ['-c', path]);
  expect(readdirSync('/dev').filter((name) => name.endsWith('.tmp'))).toEqual([]);
});
