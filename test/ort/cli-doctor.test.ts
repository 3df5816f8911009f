/** `tritbank doctor` and `tritbank completion` as users meet them. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import type { Check } from '../../src/cli/doctor/check.ts';
import { startProgram } from '../program.ts';

const directory = mkdtempSync(join(tmpdir(), 'tritbank-doctor-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

describe('doctor', () => {
  test('finds what works, as JSON', async () => {
    const { status, stdout, stderr } = await startProgram(['doctor', '--json'], directory);
    expect([status, stderr]).toEqual([0, '']);
    const { ok, checks } = JSON.parse(stdout) as { ok: boolean; checks: Check[] };
    expect(ok).toBe(true);
    const found = new Map(checks.map((check) => [check.name, check]));
    expect(found.get('node')).toMatchObject({ status: 'ok', found: process.versions.node, required: true });
    expect(found.get('onnxruntime-node')!.found).toMatch(/^\d+\.\d+\.\d+$/);
    expect(found.get('providers')!.found).toContain('cpu');
    expect(found.get('current folder')!.found).toContain(directory);
    for (const check of checks) {
      expect(['ok', 'warn', 'missing']).toContain(check.status);
      // what is not well has advice
      expect(check.status === 'ok' || (check.advice ?? '').length > 0).toBe(true);
    }
  });

  test('says it in words', async () => {
    const { status, stdout } = await startProgram(['doctor'], directory);
    expect(status).toBe(0);
    expect(stdout).toMatch(/node +.*\d+\.\d+\.\d+/);
    expect(stdout).not.toContain('\u001b');
  });
});

test.each(['bash', 'zsh', 'fish'])('completion for %s names commands and options', async (shell) => {
  const { status, stdout, stderr } = await startProgram(['completion', shell], directory);
  expect([status, stderr]).toEqual([0, '']);
  for (const word of ['compress', 'doctor', 'calibrate-only']) expect(stdout).toContain(word);
});

test('completion for another shell is wrong usage', async () => {
  const { status, stderr } = await startProgram(['completion', 'csh'], directory);
  expect(status).toBe(2);
  expect(stderr).toMatch(/^error E_USAGE: .*bash.*zsh.*fish/);
});
