import { expect, it } from 'vitest';
import { differentiate } from '../../autodiff/differentiate.ts';
import { compile } from '../../engine/index.ts';
import { f32, Graph, toNumbers } from '../../ir/index.ts';
import { Builder } from '../../ops/index.ts';
import { removeMarkers } from '../../passes/index.ts';
import { drawProbe, emitLoss } from './loss.ts';

const scores = [1, -0.5, 0.25];

/** The gradient at the scores, of images with the same ones: [images, 3]. */
async function gradientOf(kind: 'data' | 'model', seed: number, images: number): Promise<number[]> {
  const graph = new Graph('loss');
  const b = new Builder(graph);
  const x = graph.input('x', 'float32', [images, 3]);
  const probe = graph.input('probe', 'float32', [images, 3]);
  const y = b.op('Identity', [x]);
  graph.outputs = [differentiate(graph, emitLoss(b, y, probe, kind), [y]).get(y)!];
  removeMarkers(graph);
  const engine = await compile(graph);
  const indices = Int32Array.from({ length: images }, (_, i) => i);
  const batch = { indices, labels: indices.map((i) => i % 3), images: new Uint8Array(0), step: 0, size: images };
  const drawn = drawProbe({ ...batch, shape: { channels: 1, height: 1, width: 1 } }, 3, kind, seed);
  const rows = f32([images, 3], Array.from({ length: images }, () => scores).flat());
  const result = await engine.run({ x: rows, probe: f32([images, 3], drawn) });
  await engine.release();
  return toNumbers(result[graph.outputs[0]!.name]!);
}

const exponents = scores.map(Math.exp);
const p = exponents.map((e) => e / exponents.reduce((sum, v) => sum + v, 0));

it('has the gradient of the cross-entropy with the labels of the data', async () => {
  const gradient = await gradientOf('data', 0, 3);
  for (const image of [0, 1, 2]) {
    for (const k of [0, 1, 2]) expect(gradient[3 * image + k]).toBeCloseTo(p[k]! - (k === image ? 1 : 0), 6);
  }
});

it('has, with labels of the model, the second moments diag(p) - p p` that drawn labels would give', async () => {
  const count = 4096;
  const gradients = await gradientOf('model', 0, count);
  for (const i of [0, 1, 2]) {
    for (const j of [0, 1, 2]) {
      let sum = 0;
      for (let n = 0; n < count; n++) sum += gradients[3 * n + i]! * gradients[3 * n + j]!;
      // a product's deviation is below 0.25, that of the mean of 4096 below 0.004
      expect(Math.abs(sum / count - ((i === j ? p[i]! : 0) - p[i]! * p[j]!))).toBeLessThan(0.015);
    }
  }
});

it('draws by the seed and the image', async () => {
  const images = 64;
  const first = await gradientOf('model', 1, images);
  expect(await gradientOf('model', 1, images)).toEqual(first);
  expect(await gradientOf('model', 2, images)).not.toEqual(first);
  const ofImage = (image: number) => first.slice(3 * image, 3 * image + 3).join();
  expect(new Set(Array.from({ length: images }, (_, image) => ofImage(image))).size).toBeGreaterThan(4);
});
