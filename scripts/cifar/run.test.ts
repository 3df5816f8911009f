/** The runner of rows, with a program that only says what it was asked for. */

import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

const runs = 'runs/cifar10/mobilenet-v1-0.5';

describe('the runner', () => {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'tritbank-rows-'));
    // writes down what it was asked for; fails for what FAIL names
    writeFileSync(
      join(folder, 'program.mjs'),
      `import { appendFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
       const args = process.argv.slice(2);
       const out = args[args.indexOf('--out') + 1];
       const resumed = args.includes('--resume') ? ' again' : '';
       appendFileSync('log', out.split('/').slice(3).join('/') + resumed + '\\n');
       if (process.env.FAIL && out.includes(process.env.FAIL)) process.exit(1);
       if (args.includes('--json')) console.log('{"exported":true}');
       else if (out.endsWith('.json')) writeFileSync(out, '{}');
       else { mkdirSync(out, { recursive: true }); writeFileSync(out + '/result.json', '{}'); }`,
    );
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const script = join(import.meta.dirname, 'run.ts');
  const loader = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;
  const start = (args: readonly string[], env: Record<string, string> = {}) =>
    spawnSync(process.execPath, ['--import', loader, script, ...args, '--program', 'node program.mjs'], {
      cwd: folder,
      encoding: 'utf8',
      env: { ...process.env, ...env },
    });
  const log = () => {
    const path = join(folder, 'log');
    const lines = existsSync(path) ? readFileSync(path, 'utf8').trim().split('\n') : [];
    rmSync(path, { force: true });
    return lines;
  };
  const original = ['first-cycle-1', 'second-cycle-1', 'full-precision-1'];

  test('makes a row and what it starts from, and nothing twice', () => {
    expect(start(['planned-int8', '1', '--jobs', '1']).status).toBe(0);
    expect(log()).toEqual([...original, 'analysis.json', 'planned-1', 'planned-int8-1/model.onnx']);
    expect(readFileSync(join(folder, runs, 'planned-int8-1/result.json'), 'utf8')).toBe('{"exported":true}\n');
    expect(start(['planned-int8', '1']).status).toBe(0);
    expect(log()).toEqual([]);
  });

  test('goes on with what was stopped, and leaves what needs a failed run', () => {
    const begun = join(folder, runs, 'second-cycle-1/config.json');
    mkdirSync(dirname(begun), { recursive: true });
    writeFileSync(begun, '{}');
    const { status, stderr } = start(['twn', '--jobs', '3'], { FAIL: 'full-precision' });
    expect([status, log()]).toEqual([1, ['first-cycle-1', 'second-cycle-1 again', 'full-precision-1']]);
    expect(stderr).toContain('full-precision-1: failed');
    expect(existsSync(join(folder, runs, 'twn-1'))).toBe(false);
  });

  test('prints what is not finished yet, without running it', () => {
    start(['int8', '1']);
    log();
    const printed = execFileSync(process.execPath, ['--import', loader, script, 'twn', '--dry-run'], {
      cwd: folder,
      encoding: 'utf8',
    });
    expect(printed).toMatch(/^tritbank fine-tune runs\/\S+\/full-precision-1\/model.onnx --method twn .*\/twn-1\n$/);
    expect(log()).toEqual([]);
  });

  test.each([
    [['fifth'], /^error E_USAGE: ROW: expected all, full-precision, .*, found 'fifth'\n$/],
    [['planned', '0'], /^error E_USAGE: SEED: expected a whole number of at least 1, found '0'\n$/],
    [
      ['size-25', '--network', 'mobilenet-v2-0.35'],
      /^error E_USAGE: --network: expected mobilenet-v1-0.5 for size-25, /,
    ],
    [
      ['ablation-dist', '--data', 'cifar100'],
      /^error E_USAGE: --data: expected cifar10 for ablation-dist, found 'cifar100'\n$/,
    ],
  ])('refuses %s', (args, message) => {
    const { status, stderr } = start(args);
    expect([status, log()]).toEqual([2, []]);
    expect(stderr).toMatch(message);
  });
});
