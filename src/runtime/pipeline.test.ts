/**
 * Image classification in Node: what files say of pixels and classes, every kind of image, and the same pixels as
 * `eval`.
 */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { f32Type, modelBytes, node } from '../../test/onnx-model.ts';
import { picture } from '../../test/picture.ts';
import { decodeImage } from '../data/decode.ts';
import { Graph } from '../ir/index.ts';
import { buildNetwork } from '../models/index.ts';
import { saveModel, writeModel } from '../onnx/index.ts';
import { InferenceSession, pipeline, Tensor } from './node.ts';
import { rank } from './pipeline.ts';

let directory: string;
let photo: string;

const metadata = { input_mean: '120,130,140', input_std: '60', labels: JSON.stringify(['ant', 'bee', 'cat', 'dog']) };

function classifier(entries: Readonly<Record<string, string>> = metadata): Uint8Array {
  const options = { width: 0.25, inputSize: 32, channels: 3, classes: 4, firstStride: 1, seed: 3 } as const;
  const graph = buildNetwork('mobilenet-v1', options);
  for (const [key, value] of Object.entries(entries)) graph.metadata.set(key, value);
  return writeModel(graph);
}

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'tritbank-pipeline-'));
  photo = join(directory, 'photo.png');
  await sharp(picture(60, 45, 3), { raw: { width: 60, height: 45, channels: 3 } })
    .png()
    .toFile(photo);
  writeFileSync(join(directory, 'damaged.jpg'), 'no image');
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

it('ranks the best first, of equal ones the first', () => {
  expect(rank([0.2, 0.4, 0.4, 0], ['ant', 'bee'], 3)).toEqual([
    { label: 'bee', score: 0.4, index: 1 },
    { label: 'class 2', score: 0.4, index: 2 },
    { label: 'ant', score: 0.2, index: 0 },
  ]);
});

describe('classify', () => {
  it('gives labels and probabilities, best first, from the pixels that eval sees', async () => {
    const bytes = classifier();
    const classify = await pipeline('image-classification', bytes);
    const found = await classify(photo);
    expect(found.map(({ label }) => label).sort()).toEqual(['ant', 'bee', 'cat', 'dog']);
    expect(found.reduce((sum, { score }) => sum + score, 0)).toBeCloseTo(1, 6);
    expect(found.every(({ score }, i) => i === 0 || score <= found[i - 1]!.score)).toBe(true);

    const pixels = await decodeImage(photo, { channels: 3, height: 32, width: 32 });
    const [mean, std] = [[120, 130, 140], 60];
    const data = Float32Array.from(pixels, (v, i) => (v - mean[Math.floor(i / 1024)]!) / std);
    const { logits } = await classify.session.run({ input: new Tensor('float32', data, [1, 3, 32, 32]) });
    const powers = Array.from(logits!.data, Math.exp);
    const total = powers.reduce((a, b) => a + b, 0);
    for (const { index, score } of found) expect(score).toBeCloseTo(powers[index]! / total, 5);
    expect(await classify(photo, { topK: 2 })).toEqual(found.slice(0, 2));
  });

  it('takes paths, URLs, Buffers, Blobs and pixels', async () => {
    const classify = await pipeline('image-classification', classifier());
    const expected = await classify(photo);
    const encoded = await sharp(photo).png().toBuffer();
    for (const image of [pathToFileURL(photo), encoded, new Uint8Array(encoded), new Blob([new Uint8Array(encoded)])]) {
      expect(await classify(image)).toEqual(expected);
    }
    const raw = { data: picture(60, 45, 3), width: 60, height: 45 };
    const rgba = {
      ...raw,
      data: Uint8ClampedArray.from({ length: 60 * 45 * 4 }, (_, i) =>
        i % 4 === 3 ? 255 : raw.data[(i >> 2) * 3 + (i % 4)]!,
      ),
    };
    for (const image of [raw, rgba]) {
      const found = await classify(image);
      expect(found.map(({ index }) => index)).toEqual(expected.map(({ index }) => index));
      for (const [i, { score }] of found.entries()) expect(score).toBeCloseTo(expected[i]!.score, 2);
    }
    expect(await classify([photo, raw])).toEqual([expected, await classify(raw)]);
  });

  it('knows grey images, channels last, bytes as input and networks that end in a Softmax', async () => {
    const bytes = modelBytes({
      opset: 17,
      inputs: { x: { dtype: 'uint8', shape: [1, 4, 4, 1] } },
      nodes: [
        node('Cast', ['x'], ['f'], { to: { kind: 'int', value: 1 } }),
        node('Flatten', ['f'], ['row']),
        node('Softmax', ['row'], ['y']),
      ],
      outputs: { y: f32Type(1, 16) },
    });
    const classify = await pipeline('image-classification', bytes, { labels: ['first'] });
    expect(classify.session.scores).toBe('probabilities');
    const grey = { data: Uint8Array.from({ length: 16 }, (_, i) => (i === 5 ? 9 : 0)), width: 4, height: 4 };
    const [best, second] = await classify(grey, { topK: 2 });
    expect([best!.index, best!.label, second!.label]).toEqual([5, 'class 5', 'first']);
    expect(best!.score).toBeCloseTo(Math.exp(9) / (Math.exp(9) + 15), 5);
    // sRGB white, and a grey of the same luminance as its colours
    const white = await classify({ data: new Uint8Array(48).fill(255), width: 4, height: 4 }, { topK: 1 });
    expect(white[0]!.score).toBeCloseTo(1 / 16, 6);
  });

  it.each<[string, () => Promise<unknown>, string, RegExp]>([
    ['task', () => pipeline('translation' as 'image-classification', classifier()), 'E_USAGE', /^task: expected/],
    [
      'normalisation',
      () => pipeline('image-classification', classifier({})),
      'E_MODEL',
      /^input 'input': expected input_mean/,
    ],
    [
      'labels',
      () => pipeline('image-classification', classifier({ ...metadata, labels: '{}' })),
      'E_MODEL',
      /^metadata labels: /,
    ],
  ])('refuses a file or a task: %s', async (_, action, code, message) => {
    await expect(action()).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
  });

  it('refuses what is no image', async () => {
    const classify = await pipeline('image-classification', classifier());
    const refused = async (image: unknown, code: string, message: RegExp, options = {}) =>
      expect(classify(image, options)).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
    await refused(join(directory, 'none.jpg'), 'E_FILE', /none\.jpg: expected a readable image, found none/);
    await refused(join(directory, 'damaged.jpg'), 'E_FORMAT', /damaged\.jpg: expected an image that decodes, found: /);
    await refused(Buffer.from('no image'), 'E_FORMAT', /^image: expected an image that decodes, found: /);
    await refused(7, 'E_USAGE', /^image: expected a path, .*, found Number$/);
    await refused(null, 'E_USAGE', /^image: .*, found null$/);
    await refused(
      { data: new Uint8Array(5), width: 2, height: 2 },
      'E_SHAPE',
      /^image: expected 1, 3 or 4 bytes .*, found 5 bytes$/,
    );
    await refused(photo, 'E_USAGE', /^topK: expected a whole number of at least 1, found 0$/, { topK: 0 });
  });
});

it('reads files by path, with external data beside them', async () => {
  const graph = new Graph('external', 20);
  const x = graph.input('input', 'float32', [1, 600]);
  const weights = graph.initializer('w', { dtype: 'float32', dims: [600, 2], data: new Float32Array(1200).fill(0.5) });
  graph.outputs = [graph.add('MatMul', [x, weights]).output()];
  const path = join(directory, 'external.onnx');
  await saveModel(graph, path, { externalData: true });
  for (const source of [path, pathToFileURL(path)]) {
    const session = await InferenceSession.create(source);
    const results = await session.run({ input: new Tensor('float32', new Float32Array(600).fill(1), [1, 600]) });
    expect([...Object.values(results)[0]!.data]).toEqual([300, 300]);
  }
  rmSync(`${path}.data`);
  await expect(InferenceSession.create(path)).rejects.toMatchObject({ code: 'E_FILE' });
});
