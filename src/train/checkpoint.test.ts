import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { f32 } from '../ir/index.ts';
import { type Checkpoint, loadCheckpoint, saveCheckpoint } from './checkpoint.ts';
import { encodeSafetensors } from './safetensors.ts';

let directory = '';
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'tritbank-checkpoint-'));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const checkpoint: Checkpoint = {
  position: {
    phase: 2,
    epoch: 3,
    batch: 17,
    lossSum: 1 / 3,
    correct: 101,
    step: 12345,
    seconds: 0.1 + 0.2,
    slowLoss: Math.PI,
  },
  state: new Map([
    ['weight', f32([2, 3], [1, -2, 3e-40, 4, Number.NaN, -0])],
    ['weight/momentum', f32([2, 3])],
    ['empty', f32([0])],
  ]),
  frozenFrom: new Map([['weight', f32([2], [5, 6])]]),
};

describe('checkpoint', () => {
  it('comes back as it was, position included', () => {
    const path = join(directory, 'a.safetensors');
    saveCheckpoint(path, checkpoint);
    const found = loadCheckpoint(path)!;
    expect(found.position).toEqual(checkpoint.position);
    expect([...found.state].sort()).toEqual([...checkpoint.state].sort());
    expect(found.frozenFrom).toEqual(checkpoint.frozenFrom);
  });

  it('is undefined where there is none', () => {
    expect(loadCheckpoint(join(directory, 'none'))).toBeUndefined();
  });

  it('finds one flipped bit', () => {
    const path = join(directory, 'b.safetensors');
    saveCheckpoint(path, checkpoint);
    const bytes = readFileSync(path);
    bytes[bytes.length - 5]! ^= 4;
    writeFileSync(path, bytes);
    expect(() => loadCheckpoint(path)).toThrow(expect.objectContaining({ code: 'E_FORMAT', where: path }));
    writeFileSync(path, bytes.subarray(0, 40));
    expect(() => loadCheckpoint(path)).toThrow(expect.objectContaining({ code: 'E_FORMAT', where: path }));
  });

  it('refuses tensors of another program', () => {
    const path = join(directory, 'c.safetensors');
    writeFileSync(path, encodeSafetensors(checkpoint.state));
    const message = `${path}: expected a checkpoint of a run, found none`;
    expect(() => loadCheckpoint(path)).toThrow(expect.objectContaining({ code: 'E_RESUME', message }));
  });

  it('says what keeps it from being read', () => {
    expect(() => loadCheckpoint(directory)).toThrow(
      expect.objectContaining({ code: 'E_FILE', message: expect.stringContaining('found EISDIR') }),
    );
  });
});
