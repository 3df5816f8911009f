import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Dataset, Split } from '../data/index.ts';
import { writeHeldOut } from './held-out.ts';
import { pickTraining } from './pick-training.ts';

/** Images that are called `cat/0.jpg`, as many of each class as said. */
function split(counts: Readonly<Record<string, number>>, first = 0): Split {
  const names = Object.entries(counts).flatMap(([name, count], label) =>
    Array.from({ length: count }, (_, i) => ({ label, path: `/photos/${name}/${first + i}.jpg` })),
  );
  return {
    ...{ channels: 3, height: 8, width: 8, classCount: Object.keys(counts).length, length: names.length },
    labels: Int32Array.from(names, ({ label }) => label),
    read: () => new Uint8Array(192),
    describe: (index) => names[index]!.path,
  };
}

const photos = (train: Readonly<Record<string, number>>, test: Readonly<Record<string, number>>): Dataset => ({
  ...{ name: 'photos', classes: Object.keys(train), channels: 3, height: 8, width: 8, augment: {}, notes: [] },
  train: split(train),
  test: split(test, 1000),
});
const described = (images: Split) => Array.from(images.labels, (_, i) => images.describe(i));

const config = { data: 'photos/', batchSize: 1, seed: 1 };
let out: string;
beforeEach(() => {
  out = mkdtempSync(join(tmpdir(), 'tritbank-pick-'));
});
afterEach(() => rmSync(out, { recursive: true }));

describe('images held out', () => {
  it.each([0.2, 0.5, 0.9, 0.97])('leave one of each class for training at a share of %d', (validation) => {
    for (let seed = 0; seed < 20; seed++) {
      const dataset = photos({ cat: 20, dog: 2, eel: 1, fox: 3 }, { cat: 2, dog: 1, eel: 1, fox: 1 });
      const { train, validation: heldOut } = pickTraining(dataset, { ...config, seed, validation }, { out });
      expect(new Set(train.labels).size).toBe(4);
      expect(train.length + heldOut!.length).toBe(26);
      expect([...heldOut!.labels]).not.toContain(2);
    }
  });

  it('cannot be the only ones of all classes', () => {
    const dataset = photos({ cat: 1, dog: 1 }, { cat: 1, dog: 1 });
    expect(() => pickTraining(dataset, { ...config, validation: 0.5 }, { out })).toThrow(
      expect.objectContaining({ code: 'E_DATA' }),
    );
  });

  it('stay the same where a run goes on with more images', () => {
    const test = { cat: 2, dog: 2 };
    const chosen = { ...config, validation: 0.25 };
    const before = pickTraining(photos({ cat: 20, dog: 20 }, test), chosen, { out });
    writeHeldOut(out, before.validation!);
    const after = pickTraining(photos({ cat: 31, dog: 27 }, test), chosen, { out, resume: true });
    expect(described(after.validation!)).toEqual(described(before.validation!));
    expect(after.train.length).toBe(58 - before.validation!.length);
    expect(described(after.train).filter((path) => described(before.validation!).includes(path))).toEqual([]);
  });

  it('are missed where they are gone', () => {
    const test = { cat: 2, dog: 2 };
    const chosen = { ...config, validation: 0.5 };
    const { validation } = pickTraining(photos({ cat: 20, dog: 20 }, test), chosen, { out });
    writeHeldOut(out, validation!);
    const resumed = () => pickTraining(photos({ cat: 20, dog: 4 }, test), chosen, { out, resume: true });
    expect(resumed).toThrow(expect.objectContaining({ code: 'E_RESUME' }));
    expect(resumed).toThrow(/found \d+ missing, \/photos\/dog\/\d+\.jpg first/);
  });
});

it('images in no whole batch are said, where they are many', () => {
  const dataset = photos({ cat: 20, dog: 20 }, { cat: 2, dog: 2 });
  const linesOf = (batchSize: number) => {
    const lines: string[] = [];
    pickTraining(dataset, { ...config, batchSize }, { out, warn: (line) => lines.push(line) });
    return lines;
  };
  expect([linesOf(8), linesOf(12)]).toEqual([[], []]);
  expect(linesOf(15)).toEqual([
    'an epoch leaves out 10 of 40 training images, other ones each time: its batches have 15 (--batch-size)',
  ]);
});

describe('classes', () => {
  it('without images of a kind are named', () => {
    const lines: string[] = [];
    const options = { out, warn: (line: string) => lines.push(line) };
    pickTraining(photos({ cat: 3, dog: 0, eel: 2 }, { cat: 0, dog: 1, eel: 0 }), config, options);
    expect(lines).toEqual(["no training images of class 'dog'", "no test images of the classes 'cat', 'eel'"]);
  });

  it('are two at least', () => {
    expect(() => pickTraining(photos({ cat: 4 }, { cat: 1 }), config, { out })).toThrow(
      "data set 'photos/': expected at least 2 classes, found only 'cat'",
    );
  });
});
