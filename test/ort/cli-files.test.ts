/** Files and streams as users meet them: nothing of theirs is replaced unasked, and what cannot be written is said first. */

import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { saveModel } from '../../src/onnx/index.ts';
import { type Outcome, program, startProgram } from '../program.ts';
import { smallNetwork } from './train-small.ts';

let directory = '';
const at = (...names: string[]) => join(directory, ...names);
const start = (line: string) => startProgram(line.split(' '), directory);
const taken = 'mine, and the only copy';

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'tritbank-cli-files-'));
  mkdirSync(at('own'));
  const graph = smallNetwork();
  await saveModel(graph, at('own', 'model.onnx'));
  await saveModel(graph, at('small.onnx'));
  writeFileSync(at('taken'), taken);
  mkdirSync(at('foreign'));
  writeFileSync(at('foreign', 'model.onnx'), taken);
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

describe('what is refused before any work', () => {
  test.each([
    ['export small.onnx --out taken', '--out: expected no file there, or --force to replace it, found taken'],
    ['export small.onnx --out small.onnx --force', '--out: expected another file than what is read, found small.onnx'],
    ['cost small.onnx --report taken', '--report: expected no file there, or --force to replace it, found taken'],
    ['analyze small.onnx --out x --report ./x', '--report: expected another file than that of --out, found ./x twice'],
    ['bench --report taken', '--report: expected no file there, or --force to replace it, found taken'],
    [
      'compress own/model.onnx --no-training --uniform 0.5,1 --out own --force',
      '--out: expected a directory in which the run does not replace what it reads, found own/model.onnx in own',
    ],
    [
      'train --data synthetic --epochs 1 --out foreign',
      '--out: expected a directory without a run or files of its names, or --force to replace them, found model.onnx in foreign',
    ],
  ])('%s', async (line, message) => {
    expect(await start(line)).toEqual({ status: 2, stdout: '', stderr: `error E_USAGE: ${message}\n` });
  });

  test('a place that cannot be written, before the model is opened', async () => {
    for (const command of ['analyze absent.onnx', 'export absent.onnx']) {
      const { status, stderr } = await start(`${command} --out none/a.json`);
      expect([status, stderr]).toEqual([2, expect.stringMatching(/^error E_FILE: none\/a\.json: expected a writable/)]);
    }
  });

  test('data that are not there, before a run is replaced', async () => {
    const { status, stderr } = await start('train --fresh --data nowhere --out foreign');
    expect([status, stderr]).toEqual([2, expect.stringMatching(/^error E_DATA: /)]);
  });

  test('and everything is as it was', () => {
    expect(readFileSync(at('taken'), 'utf8')).toBe(taken);
    expect(readFileSync(at('foreign', 'model.onnx'), 'utf8')).toBe(taken);
    expect(readdirSync(at('foreign'))).toEqual(['model.onnx']);
    expect(readFileSync(at('own', 'model.onnx'))).toEqual(readFileSync(at('small.onnx')));
    expect(readdirSync(directory).sort()).toEqual(['foreign', 'own', 'small.onnx', 'taken']);
  });
});

const started = `"$0" ${program.join(' ')}`;
const inShell = (command: string) =>
  new Promise<Outcome>((done) => {
    const options = { cwd: directory, encoding: 'utf8' } as const;
    const child = execFile('bash', ['-c', command, process.execPath], options, (_, stdout, stderr) => {
      done({ status: child.exitCode, stdout, stderr });
    });
  });

describe.skipIf(!existsSync('/dev/full'))('a full stream (skipped without /dev/full)', () => {
  test('of results is an error', async () => {
    for (const command of ['inspect small.onnx', '--help']) {
      const { status, stderr } = await inShell(`${started} ${command} > /dev/full`);
      const error =
        'error E_FILE: standard output: expected room for the result, found ENOSPC: no space left on device\n';
      expect([status, stderr]).toEqual([1, error]);
    }
  });

  test('of progress is none', async () => {
    const { status, stdout } = await inShell(`${started} analyze small.onnx --ratios 1 --json 2> /dev/full`);
    expect([status, JSON.parse(stdout)]).toEqual([0, expect.objectContaining({ version: 1 })]);
  });

  test('that is closed is quiet', async () => {
    const { stdout, stderr } = await inShell(
      `${started} inspect small.onnx | head -c 5; echo " ${'$'}{PIPESTATUS[0]}"`,
    );
    expect([stdout, stderr]).toEqual(['layer 0\n', '']);
  });
});

test('control characters of names are written out', async () => {
  writeFileSync(at('\u001b[31mred\nline.onnx'), 'no model');
  const { stderr } = await startProgram(['inspect', '\u001b[31mred\nline.onnx'], directory);
  expect(stderr).toMatch(/^error E_\w+: \\x1b\[31mred\\nline\.onnx: .*\n$/);
});
