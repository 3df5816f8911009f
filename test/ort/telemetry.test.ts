/** Tritbank writes what it is asked to write, and calls no one: the libraries below it do not either. */

import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { saveModel } from '../../src/onnx/index.ts';
import { program } from '../program.ts';
import { smallNetwork } from './train-small.ts';

let directory = '';
const at = (name: string) => join(directory, name);
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'tritbank-telemetry-'));
  await saveModel(smallNetwork(), at('small.onnx'));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

// without data, the export is compared with the model by ONNX Runtime on noise
const line = (out: string) => ['export', 'small.onnx', '--out', out, '--quiet'];

/** The environment of a user who has decided nothing, at home in an empty folder. */
function environment(home: string): NodeJS.ProcessEnv {
  const { ORT_DISABLE_TELEMETRY: _decided, XDG_CACHE_HOME: _cache, ...env } = process.env;
  mkdirSync(at(home));
  return { ...env, HOME: at(home), NODE_OPTIONS: '' };
}

test('nothing is left in the home folder', () => {
  const options = { cwd: directory, env: environment('home'), encoding: 'utf8' } as const;
  const { status, stderr } = spawnSync(process.execPath, [...program, ...line('a.onnx')], options);
  expect([status, stderr]).toEqual([0, '']);
  expect(readdirSync(at('home'), { recursive: true })).toEqual([]);
  expect(readdirSync(directory).sort()).toEqual(['a.onnx', 'home', 'small.onnx']);
});

const canTrace = spawnSync('strace', ['-o', '/dev/null', '-e', 'trace=network', 'true']).status === 0;

test.skipIf(!canTrace)('no one is called (skipped where strace is not allowed)', () => {
  const trace = ['-f', '-qq', '-e', 'trace=connect,sendto', '-o', at('trace'), process.execPath];
  const options = { cwd: directory, env: environment('traced'), encoding: 'utf8' } as const;
  const { status } = spawnSync('strace', [...trace, ...program, ...line('b.onnx')], options);
  expect(status).toBe(0);
  expect(readFileSync(at('trace'), 'utf8').match(/.*AF_INET6?.*/g) ?? []).toEqual([]);
});
