/** Every example runs as users run it, in a directory of its own, and prints what it promises. */

import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';

const loader = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;
let directory: string;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'tritbank-examples-'));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** What each example prints, checked. */
const examples: Readonly<Record<string, (output: string) => void>> = {
  'gradient-step.ts': (output) => {
    const [, before, after] = /^loss (\S+) -> (\S+)\n$/.exec(output) ?? [];
    // The logarithm of ten classes: an untrained network guesses.
    expect(Math.abs(Number(before) - Math.log(10))).toBeLessThan(0.1);
    expect(Number(after)).toBeLessThan(Number(before));
  },
  'own-accelerator.ts': (output) => {
    const rows = output
      .trimEnd()
      .split('\n')
      .map((line) => line.split(/\s+/));
    expect(rows.map(([name]) => name)).toEqual(['paper', 'transistors']);
    // on cheaper adders the same hybrid is faster; energies are the same as the paper's in this model
    const [[, energy, throughput], [, sameEnergy, faster]] = rows as [string[], string[]];
    expect([Number(energy), Number(throughput)]).toEqual([0.721, 0.993]);
    expect(Number(sameEnergy)).toBe(Number(energy));
    expect(Number(faster)).toBeGreaterThan(1.4);
  },
  'train-hybrid.ts': (output) => {
    expect(output.match(/^epoch \d \((full|ternary|frozen)\): top-1 0\.\d+$/gm)).toHaveLength(3);
    const [, top1, model] = /^top-1 (\S+) % on mnist, exported to (\S+)$/m.exec(output) ?? [];
    expect(Number(top1)).toBeGreaterThan(50);
    expect(existsSync(join(directory, model!))).toBe(true);
    const [, bytes, bytes16] = /^size (\S+) KB, in full precision at 16 bits (\S+) KB$/m.exec(output) ?? [];
    expect([Number(bytes), Number(bytes16)]).toEqual([298.8, 415.6]);
  },
};

test('every example is here', () => {
  const files = readdirSync(import.meta.dirname).filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'));
  expect(files.sort()).toEqual(Object.keys(examples).sort());
});

test.each(Object.entries(examples))('%s', async (name, check) => {
  const file = join(import.meta.dirname, name);
  const env = { ...process.env, TRITBANK_DATA: '', NODE_OPTIONS: '' };
  const { stdout, stderr } = await promisify(execFile)(process.execPath, ['--import', loader, file], {
    cwd: directory,
    env,
  });
  expect(stderr).toBe('');
  check(stdout);
});
