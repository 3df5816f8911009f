import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it, test } from 'vitest';
import { chirp, wavBytes, writeWords } from '../../../test/fixtures/words.ts';
import { Random } from '../../ir/random.ts';
import { batches } from '../batches.ts';
import { openDataset } from '../open.ts';
import { statistics } from '../statistics.ts';
import { subset } from '../subset.ts';
import { shift } from './clips.ts';
import { partByName } from './corpus.ts';
import { computeSpeechFeatures } from './features.ts';

let root: string;
let dir: string;
let count = 0;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'tritbank-speech-'));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));
beforeEach(() => {
  dir = join(root, `corpus-${count++}`);
});

const words = ['dale', 'fall', 'rise'];
const clips = { training: 6, validation: 2, testing: 3 };
const choose = (choice: unknown) => writeFileSync(join(dir, 'speech.json'), JSON.stringify(choice));
const countOf = (labels: Int32Array, label: number) => labels.filter((l) => l === label).length;

test('a folder of words: all of them are classes, the lists divide them', async () => {
  writeWords(dir, { words, clips });
  const data = await openDataset(dir);
  expect(data).toMatchObject({ classes: words, channels: 1, height: 49, width: 10, augment: { own: true } });
  expect([data.train.length, data.test.length]).toEqual([18, 9]);
  expect(data.notes[0]).toContain(
    '18 clips for training, 9 of testing as the test split; 6 of validation are left out',
  );
  expect([...data.test.labels]).toEqual([0, 0, 0, 1, 1, 1, 2, 2, 2]);
  const listed = new Set(Array.from({ length: 9 }, (_, i) => data.test.describe(i)));
  for (let i = 0; i < 18; i++) expect(listed).not.toContain(data.train.describe(i));
  const first = await data.test.read(0);
  expect(first).toHaveLength(490);
  expect(await data.test.read(0)).toBe(first);
  const { mean, std } = await statistics(data);
  expect([mean.length, std.length]).toEqual([1, 1]);
  await expect(openDataset(dir, { imageSize: 32 })).rejects.toThrow('expected 49x10, windows by numbers of each');
});

test('pixels are the features of the file', async () => {
  writeWords(dir, { words, clips });
  const random = new Random(5, 'clip');
  const samples = chirp('rise', random);
  const data = await openDataset(dir);
  writeFileSync(data.test.describe(7), wavBytes(samples));
  const expected = computeSpeechFeatures(samples).data;
  const found = await data.test.read(7);
  for (const [i, byte] of expected.entries()) expect(Math.abs(found[i]! - byte)).toBeLessThanOrEqual(1);
});

test('by the name: the ten words, silence, and a tenth as many of the other words', async () => {
  const ten = ['yes', 'no', 'up', 'down', 'left', 'right', 'on', 'off', 'stop', 'go'];
  writeWords(dir, { words, clips: { training: 8, validation: 1, testing: 2 } });
  for (const word of ten) {
    writeWords(
      join(dir, 'one'),
      { words: ['level'], clips: { training: 2, validation: 0, testing: 0 }, noise: false },
      3,
    );
    renameSync(join(dir, 'one', 'level'), join(dir, word));
  }
  rmSync(join(dir, 'one'), { recursive: true });
  const inTest = ten.map((word) => `${word}/${readdirSync(join(dir, word)).sort()[0]}\n`);
  const others = readdirSync(join(dir, 'dale')).slice(0, 2);
  writeFileSync(join(dir, 'testing_list.txt'), [...inTest, ...others.map((file) => `dale/${file}\r\n`)].join(''));
  writeFileSync(join(dir, 'validation_list.txt'), '');
  const data = await openDataset('speech-commands', { dir });
  expect(data.classes).toEqual(['_silence_', '_unknown_', ...ten]);
  expect(data.name).toBe('speech-commands');
  // ten keyword clips in each part, a tenth of that is one
  expect([data.train.length, data.test.length]).toEqual([12, 12]);
  for (let label = 0; label < 12; label++) {
    expect([countOf(data.train.labels, label), countOf(data.test.labels, label)]).toEqual([1, 1]);
  }
  const described = Array.from({ length: 12 }, (_, i) => data.test.describe(i));
  expect(described.filter((path) => path.includes('silence'))).toHaveLength(1);
  expect(new Set([...described, ...Array.from({ length: 12 }, (_, i) => data.train.describe(i))]).size).toBe(24);
});

test('speech.json chooses words, the part for tests, and features', async () => {
  writeWords(dir, { words, clips });
  choose({ words: ['rise', 'fall'], unknown: true, test: 'validation', features: { kind: 'log-mel', melBands: 20 } });
  const data = await openDataset(dir);
  expect(data).toMatchObject({ classes: ['_unknown_', 'rise', 'fall'], height: 49, width: 20 });
  expect([countOf(data.test.labels, 0), countOf(data.test.labels, 1), countOf(data.test.labels, 2)]).toEqual([1, 2, 2]);
  expect(JSON.parse(data.inputFeatures!)).toMatchObject({ kind: 'log-mel', melBands: 20, windowMs: 40 });
});

describe('training clips', () => {
  test('are shifted and mixed with noise, each epoch otherwise, by the seed alone', async () => {
    writeWords(dir, { words, clips });
    const { train, augment } = await openDataset(dir);
    const epochOf = async (epoch: number, seed = 1) => {
      const images: number[][] = [];
      for await (const batch of batches(train, { batchSize: 18, augment, epoch, seed })) images.push([...batch.images]);
      return images.flat();
    };
    const first = await epochOf(0);
    expect(await epochOf(0)).toEqual(first);
    expect(await epochOf(1)).not.toEqual(first);
    const plain: number[] = [];
    for await (const batch of batches(train, { batchSize: 18 })) plain.push(...batch.images);
    expect(first).not.toEqual(plain);
    const some = subset(train, 3);
    expect(await some.vary!(0, new Random(1, 'x'))).toEqual(
      await train.vary!(indexOf(train, some.describe(0)), new Random(1, 'x')),
    );
  });

  test('without noise they are shifted by up to 100 ms, nothing else', async () => {
    writeWords(dir, { words, clips, noise: false });
    const { train } = await openDataset(dir);
    const samples = chirp('dale', new Random(9, 'clip'));
    writeFileSync(train.describe(0), wavBytes(samples));
    for (let k = 0; k < 5; k++) {
      const by = new Random(k, 'vary').int(3201) - 1600;
      const expected = computeSpeechFeatures(shift(samples, by, 16_000)).data;
      const found = await train.vary!(0, new Random(k, 'vary'));
      for (const [i, byte] of expected.entries()) expect(Math.abs(found[i]! - byte)).toBeLessThanOrEqual(1);
    }
  });

  test('a shift moves samples and leaves zeros', () => {
    const samples = Float32Array.of(1, 2, 3, 4);
    expect([...shift(samples, 1, 4)]).toEqual([0, 1, 2, 3]);
    expect([...shift(samples, -1, 4)]).toEqual([2, 3, 4, 0]);
    expect([...shift(samples, 0, 6)]).toEqual([1, 2, 3, 4, 0, 0]);
    expect([...shift(samples, 3, 6)]).toEqual([0, 0, 0, 1, 2, 3]);
    expect([...shift(samples.subarray(0, 2), -3, 4)]).toEqual([0, 0, 0, 0]);
  });
});

const indexOf = (split: { length: number; describe(i: number): string }, path: string) =>
  Array.from({ length: split.length }, (_, i) => split.describe(i)).indexOf(path);

test('without lists, clips are divided as Speech Commands was', () => {
  // entries of its testing_list.txt
  for (const clip of ['bed/0c40e715_nohash_0.wav', 'bed/0ea0e2f4_nohash_0.wav', 'bird/42beb5eb_nohash_0.wav']) {
    expect(partByName(clip)).toBe('testing');
  }
  for (const clip of ['bird/44260689_nohash_0.wav', 'bird/44715c1c_nohash_0.wav', 'down/022cd682_nohash_0.wav']) {
    expect(partByName(clip)).toBe('testing');
  }
  expect(partByName('other/0c40e715_nohash_4.wav')).toBe('testing');
  const parts = Array.from({ length: 4000 }, (_, i) => partByName(`word/${i.toString(16)}_nohash_0.wav`));
  for (const part of ['validation', 'testing']) {
    // 400 of 4000, with a deviation of 19
    expect(Math.abs(parts.filter((p) => p === part).length - 400)).toBeLessThan(80);
  }
});

describe('errors', () => {
  it.each<[string, unknown, string]>([
    ['an unknown key', { word: [] }, 'speech.json word: expected words, silence, unknown, test or features'],
    ['a word that is no folder', { words: ['left'] }, "expected a folder 'left', found dale, fall, rise; 'words' in"],
    ['a word twice', { words: ['rise', 'rise'] }, 'speech.json words: expected each word once, found a list'],
    [
      'features out of range',
      { features: { melBands: 4 } },
      'speech.json features.melBands: expected a whole number in',
    ],
    ['a misspelt feature', { features: { window: 30 } }, 'speech.json features.window: expected kind, sampleRate'],
    ['another part', { test: 'training' }, "speech.json test: expected testing or validation, found 'training'"],
  ])('%s', async (_, choice, message) => {
    writeWords(dir, { words, clips: { training: 1, validation: 0, testing: 1 } });
    choose(choice);
    await expect(openDataset(dir)).rejects.toThrow(message);
  });

  test('silence without noise, noise that is short, words without clips, an empty part', async () => {
    writeWords(dir, { words, clips: { training: 1, validation: 0, testing: 1 }, noise: false });
    choose({ silence: true });
    await expect(openDataset(dir)).rejects.toMatchObject({
      code: 'E_DATA',
      message: expect.stringContaining('expected recordings of noise in _background_noise_/ for the class _silence_'),
    });
    mkdirSync(join(dir, '_background_noise_'));
    writeFileSync(join(dir, '_background_noise_', 'short.wav'), wavBytes(new Float32Array(8000)));
    await expect(openDataset(dir)).rejects.toThrow('expected noise of at least 16000 samples, a clip, found 8000');
    rmSync(join(dir, '_background_noise_'), { recursive: true });
    choose({ test: 'validation' });
    await expect(openDataset(dir)).rejects.toThrow('expected clips for validation, found none; testing_list.txt and');
    mkdirSync(join(dir, 'level'));
    await expect(openDataset(dir)).rejects.toMatchObject({ code: 'E_DATA', where: join(dir, 'level') });
  });

  test('a folder without words says where to get them', async () => {
    mkdirSync(dir);
    const line = await openDataset('speech-commands', { dir }).catch((e) => e.line as string);
    expect(line).toContain(`error E_DATA: ${dir}: expected a folder of .wav files for each word, found none`);
    expect(line).toContain('speech_commands_v0.02.tar.gz');
  });

  test('a damaged clip is skipped in training, clips of another kind stop it', async () => {
    writeWords(dir, { words, clips });
    const { train, test: tests } = await openDataset(dir);
    writeFileSync(train.describe(3), 'noise');
    const warnings: string[] = [];
    for await (const batch of batches(train, { batchSize: 18, warn: (line) => warnings.push(line) })) {
      expect(batch.size).toBe(17);
    }
    expect(warnings.join()).toContain(`${train.describe(3)}: expected a WAV file, found another or a damaged one`);
    writeFileSync(tests.describe(0), wavBytes(new Float32Array(44_100), { sampleRate: 44_100 }));
    const all = async () => {
      for await (const { step } of batches(tests, { batchSize: 9 })) expect(step).toBeLessThan(0);
    };
    await expect(all()).rejects.toMatchObject({ code: 'E_DATA', where: tests.describe(0) });
  });
});
