/** What a page loads of the runtime: less than 100 kB, compressed. */

import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { beforeAll, expect, it } from 'vitest';
import { bundle, type Chunk } from './bundle.ts';

let chunks: readonly Chunk[];
beforeAll(async () => {
  chunks = await bundle(join(import.meta.dirname, '../../src/runtime/index.ts'));
});

/** A chunk and all that comes with it. */
function loaded(name: string, seen = new Set<string>()): Set<string> {
  if (!seen.has(name)) {
    seen.add(name);
    for (const other of chunks.find((chunk) => chunk.name === name)!.imports) loaded(other, seen);
  }
  return seen;
}

const codeOf = (names: Iterable<string>) => [...names].map((name) => chunks.find((one) => one.name === name)!.code);
const compressed = (names: Iterable<string>) =>
  codeOf(names).reduce((sum, code) => sum + gzipSync(code, { level: 9 }).length, 0);

it('is less than 100 kB gzipped, with the kernels that the engine takes', () => {
  const first = [...loaded(chunks[0]!.name)];
  const kernels = chunks.map(({ name }) => name).filter((name) => name.includes('simd'));
  expect(kernels).toHaveLength(2);
  for (const name of kernels) {
    expect(first).not.toContain(name);
    const bytes = compressed([...first, name]);
    expect(bytes).toBeGreaterThan(30_000);
    expect(bytes).toBeLessThan(100_000);
  }
});

it('has the programs of WebGPU in a chunk of their own', () => {
  const hasPrograms = (code: string) => code.includes('@workgroup_size');
  expect(codeOf(loaded(chunks[0]!.name)).some(hasPrograms)).toBe(false);
  expect(chunks.filter(({ code }) => hasPrograms(code))).toHaveLength(1);
});
