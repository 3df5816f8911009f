import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ImageForm } from '../classifier/image-form.ts';
import { type DType, f32, Graph, type Shape } from '../ir/index.ts';
import { writeModel } from '../onnx/index.ts';
import { Builder } from '../ops/index.ts';
import { inferShapes } from '../passes/index.ts';
import { openClassifier } from './open-classifier.ts';

let folder: string;
const at = (name: string) => join(folder, name);

/** Scores are mean red, green and blue: the class of an image is its strongest colour. */
function writeColours(name: string, shape: Shape, dtype: DType = 'float32'): string {
  const graph = new Graph('colours');
  const b = new Builder(graph);
  const x = graph.input('x', dtype, shape);
  const unit = b.constant('unit', f32([3, 3, 1, 1], [1, 0, 0, 0, 1, 0, 0, 0, 1]));
  const y = b.op('Conv', [dtype === 'float32' ? x : b.cast(x, 'float32'), unit], {}, 'conv');
  graph.outputs = [b.op('Flatten', [b.op('GlobalAveragePool', [y])])];
  writeFileSync(at(name), writeModel(inferShapes(graph)));
  return at(name);
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tritbank-open-'));
  const image = sharp({ create: { width: 12, height: 8, channels: 3, background: '#1020e0' } });
  await image.png().toFile(at('blue.png'));
});
afterAll(() => rmSync(folder, { recursive: true }));

async function classOf(model: string, form: ImageForm): Promise<number> {
  const classify = await openClassifier(model, form, {});
  try {
    return (await classify(at('blue.png'), { topK: 1 }))[0]!.index;
  } finally {
    await classify.release();
  }
}

const normalisation = { mean: [0], std: [1] };

it.each<[string, Shape, ImageForm]>([
  ['one image', [1, 3, 8, 8], {}],
  ['a fixed batch', [4, 3, 8, 8], {}],
  ['open sides', ['N', 3, 'H', 'W'], { inputSize: { height: 6, width: 10 } }],
  ['named sides', ['N', 3, 'H', 'W'], { dims: { H: 6, W: 10 } }],
  ['open channels', ['N', 'C', 'H', 'W'], { inputSize: 8 }],
])('a network of %s runs', async (name, shape, form) => {
  const model = writeColours(`${name}.onnx`, shape);
  expect(await classOf(model, { normalisation, ...form })).toBe(2);
});

it('a size that is another, and fractions for bytes, are refused', async () => {
  const floats = writeColours('oblong.onnx', ['N', 3, 6, 10]);
  const refusal = { code: 'E_USAGE', message: "input size: expected the model's input size 6x10, found 8" };
  await expect(classOf(floats, { normalisation, inputSize: 8 })).rejects.toMatchObject(refusal);
  const bytes = writeColours('bytes.onnx', ['N', 3, 8, 8], 'uint8');
  expect(await classOf(bytes, { normalisation })).toBe(2);
  const unit = { normalisation: { mean: [0], std: [255] } };
  await expect(classOf(bytes, unit)).rejects.toMatchObject({ code: 'E_USAGE', where: 'normalization' });
});
