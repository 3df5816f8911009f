/** The runtime under bad files: whatever the bytes, a session either fails with an error for the user or runs. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TritbankError } from '../../src/ir/index.ts';
import { InferenceSession, Tensor } from '../../src/runtime/node.ts';
import { floatModel, integerModel } from '../runtime-models.ts';

/** Loads and runs; true for a run, false for an error of the user's. Larger inputs than the intact files' are not fed. */
async function survives(bytes: Uint8Array): Promise<boolean> {
  try {
    const session = await InferenceSession.create(bytes);
    const feeds = session.inputMetadata.map(({ name, type, shape = [1] }) => {
      const dims = shape.map((d) => (typeof d === 'number' ? Math.min(d, 16) : 2));
      const count = dims.reduce((a, b) => a * b, 1);
      const data = type === 'float32' ? new Float32Array(count).fill(0.5) : new Uint8Array(count);
      return [name, new Tensor(type as 'float32', data as Float32Array, dims)] as const;
    });
    const results = await session.run(Object.fromEntries(feeds));
    for (const name of session.outputNames) expect(results[name]!.data.length).toBeGreaterThan(0);
    await session.release();
    return true;
  } catch (error) {
    if (!(error instanceof TritbankError)) throw error;
    expect(error.message).toMatch(/: expected .+ found/s);
    return false;
  }
}

describe.each([
  ['floats', floatModel],
  ['integers', integerModel],
])('damaged files of %s', (_, intact) => {
  it('the intact file runs', async () => {
    expect(await survives(intact)).toBe(true);
  });

  it('every truncation', async () => {
    let runs = 0;
    for (let length = 0; length < intact.length; length++) if (await survives(intact.subarray(0, length))) runs++;
    expect(runs).toBeLessThan(intact.length / 10);
  });

  it('an inverted bit in every byte, and an inverted byte', async () => {
    let runs = 0;
    for (let at = 0; at < intact.length; at++) {
      for (const mask of [1 << (at % 8), 0xff]) {
        const bytes = intact.slice();
        bytes[at]! ^= mask;
        if (await survives(bytes)) runs++;
      }
    }
    expect(runs).toBeGreaterThan(0);
  });

  it('bytes replaced, removed and inserted', async () => {
    const edit = fc.record({
      at: fc.nat(intact.length - 1),
      remove: fc.nat(4),
      insert: fc.uint8Array({ maxLength: 6 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(edit, { minLength: 1, maxLength: 3 }), async (edits) => {
        const bytes = [...intact];
        for (const { at, remove, insert } of edits) bytes.splice(at, remove, ...insert);
        await survives(Uint8Array.from(bytes));
      }),
      { numRuns: 500 },
    );
  });
});
