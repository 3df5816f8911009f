/** Golden texts: files in `test/golden` that a test's output has to equal. */

import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';

/**
 * Expects `found` to equal `test/golden/<name>.txt`. Otherwise `<name>-changed.txt` is left beside it: compare the two,
 * and where the change is wanted, rename it.
 */
export function expectGolden(name: string, found: string): void {
  const path = (suffix: string) => fileURLToPath(new URL(`golden/${name}${suffix}.txt`, import.meta.url));
  const expected = existsSync(path('')) ? readFileSync(path(''), 'utf8') : undefined;
  if (found === expected) rmSync(path('-changed'), { force: true });
  else writeFileSync(path('-changed'), found);
  expect(found, `test/golden/${name}-changed.txt differs from ${name}.txt`).toBe(expected);
}
