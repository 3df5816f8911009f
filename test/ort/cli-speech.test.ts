/** Spoken words through the program: a corpus of chirps, DS-CNN trained, compressed without training, run as packed int8. */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Evaluation } from '../../src/classifier/index.ts';
import { computeSpeechFeatures, openDataset } from '../../src/data/index.ts';
import { readWav } from '../../src/data/speech/wav.ts';
import { f32 } from '../../src/ir/index.ts';
import { loadModel } from '../../src/onnx/index.ts';
import { pipeline } from '../../src/runtime/node.ts';
import { writeWords } from '../fixtures/words.ts';
import { startProgram } from '../program.ts';
import { runBoth, worstError } from './runtime-compare.ts';

const choice = { words: ['fall', 'rise'], silence: true, unknown: true };
let directory: string;
const at = (...names: string[]) => join(directory, ...names);
const start = (...args: readonly string[]) => startProgram(args, directory);

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'tritbank-cli-speech-'));
  writeWords(at('words'), { words: ['fall', 'hill', 'rise'], clips: { training: 16, validation: 0, testing: 4 } });
  writeFileSync(at('words', 'speech.json'), JSON.stringify(choice));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

test('train, compress, eval and the runtime, as of any data', { timeout: 240_000 }, async () => {
  const recipe = '--model ds-cnn --width 0.25 --epochs 2 --batch-size 8 --reestimate-batches 2';
  const trained = await start('train', '--data', 'words', ...recipe.split(' '), '--out', 'run', '--json');
  expect([trained.status, trained.stderr]).toEqual([0, expect.not.stringContaining('error')]);
  const { metadata, inputs, nodes } = await loadModel(at('run/model.onnx'));
  expect(inputs[0]!.shape.slice(1)).toEqual([1, 49, 10]);
  expect(nodes.find(({ op }) => op === 'Conv')!.ints('kernel_shape')).toEqual([10, 4]);
  expect(metadata.get('labels')).toBe('["_silence_","_unknown_","fall","rise"]');
  expect(JSON.parse(metadata.get('input_features')!)).toMatchObject({ kind: 'mfcc', windowMs: 40, coefficients: 10 });

  const mirrored = ['--teacher', 'run/model.onnx', '--distill-mirror', '--out', 'mirrored'];
  const refused = await start('train', '--data', 'words', ...recipe.split(' '), ...mirrored);
  expect([refused.status, refused.stderr]).toEqual([
    2,
    expect.stringContaining('error E_USAGE: --distill-mirror: expected images, found the sounds of words'),
  ]);

  const small = ['--uniform', '0.5,1.5', '--calibrate-only', '--activations', 'int8', '--out', 'small', '--json'];
  const compressed = await start('compress', 'run/model.onnx', '--data', 'words', ...small);
  expect([compressed.status, compressed.stderr]).toEqual([0, expect.not.stringContaining('error')]);
  const model = await loadModel(at('small/model.onnx'));
  expect(model.metadata.get('input_features')).toBe(metadata.get('input_features'));

  const evaluated = await start('eval', 'small/model.onnx', '--data', 'words', '--json');
  // eight clips of two words, one of another, one of silence
  expect((JSON.parse(evaluated.stdout) as Evaluation).samples).toBe(10);

  const { test: clips } = await openDataset(at('words'));
  const classify = await pipeline('image-classification', readFileSync(at('small/model.onnx')));
  const [mean, std] = ['input_mean', 'input_std'].map((key) => Number(model.metadata.get(key)));
  for (const i of [0, 5, 9]) {
    const pixels = Float32Array.from(await clips.read(i), (x) => (x - mean!) / std!);
    const results = await runBoth(model, { input: f32([1, 1, 49, 10], pixels) });
    expect(worstError(results)).toBeLessThan(1e-4);
    const scores = Array.from(results.found.logits!.data as Float32Array);
    const samples = await readWav(clips.describe(i), 16_000).catch(() => undefined);
    if (!samples) continue; // silence is no file
    const [best] = await classify(computeSpeechFeatures(samples), { topK: 1 });
    expect(best!.index).toBe(scores.indexOf(Math.max(...scores)));
  }

  writeFileSync(at('words', 'speech.json'), JSON.stringify({ ...choice, features: { windowMs: 30 } }));
  const other = await start('eval', 'run/model.onnx', '--data', 'words');
  expect([other.status, other.stdout]).toEqual([2, '']);
  expect(other.stderr).toContain("expected the model's features");
});

test('data that are not there, or not of this kind', { timeout: 60_000 }, async () => {
  const absent = await start('train', '--data', 'speech-commands', '--out', 'none');
  expect(absent.status).toBe(2);
  expect(absent.stderr).toContain(
    "error E_DATA: data set 'speech-commands': expected the files of Speech Commands in data",
  );
  expect(absent.stderr).toContain('download http://download.tensorflow.org/data/speech_commands_v0.02.tar.gz');
  const size = await start('train', '--data', 'words', '--model', 'ds-cnn', '--input-size', '49x12', '--out', 'none');
  expect([size.status, size.stderr]).toEqual([
    2,
    expect.stringContaining('expected 49x10, windows by numbers of each'),
  ]);
});
