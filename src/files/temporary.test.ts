import { mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { removeLeftovers, temporaryName } from './temporary.ts';

let directory = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'tritbank-temporary-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const host = hostname()
  .replace(/[^\w-]/g, '_')
  .slice(0, 40);
const gone = 2 ** 30;

/** Names that are left of those, `age` hours old. */
function leftOf(names: readonly string[], age = 0): string[] {
  const time = Date.now() / 1000 - 3600 * age;
  for (const name of names) {
    writeFileSync(join(directory, name), 'half');
    utimesSync(join(directory, name), time, time);
  }
  removeLeftovers(directory);
  return readdirSync(directory);
}

test('of a process that runs stay, of any age', () => {
  const name = basename(temporaryName(join(directory, 'model.onnx')));
  expect(name).toMatch(new RegExp(`^\\.model\\.onnx\\.${host}\\.${process.pid}\\.\\d+\\.\\d+\\.tmp$`));
  expect(basename(temporaryName(join(directory, 'model.onnx')))).not.toBe(name);
  expect(leftOf([name], 100)).toEqual([name]);
});

test('of killed processes are removed', () => {
  const reused = process.platform === 'linux' ? [`.a.${host}.${process.pid}.1.0.tmp`] : [];
  expect(leftOf([`.model.onnx.${host}.${gone}.12.0.tmp`, `.model.onnx.${gone}.tmp`, ...reused])).toEqual([]);
});

test('of machines and processes that cannot be asked are removed after a day', () => {
  const names = [
    '.b.6f1c1d6e-1111-4222-8333-444455556666.tmp',
    `.a.another-host.${process.pid}.1.0.tmp`,
    `.a.another-host.${gone}.1.0.tmp`,
  ].sort();
  expect(leftOf(names, 23)).toEqual(names);
  expect(leftOf(names, 25)).toEqual([]);
});

test('of others stay', () => {
  const names = ['.vim.tmp', '.x.notes.tmp', 'a.1.tmp'];
  expect(leftOf(names, 1000)).toEqual(names);
});

test('names fit file systems', () => {
  const path = temporaryName(join(directory, `${'é'.repeat(120)}.onnx`));
  writeFileSync(path, 'x');
  expect(readdirSync(directory)).toHaveLength(1);
});
