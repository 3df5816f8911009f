import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ImageForm } from '../classifier/index.ts';
import { type DType, Graph, ints, type Shape } from '../ir/index.ts';
import { readModel, writeModel } from '../onnx/index.ts';
import { Builder } from '../ops/index.ts';
import { inferShapes } from '../passes/index.ts';
import { readTask } from './models.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tritbank-bench-models-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function write(name: string, shape: Shape, dtype: DType = 'float32', isLast = false): string {
  const graph = new Graph(name);
  const b = new Builder(graph);
  const x = graph.input('x', dtype, shape);
  const floats = dtype === 'float32' ? x : b.cast(x, 'float32');
  const images = isLast ? b.op('Transpose', [floats], { perm: ints([0, 3, 1, 2]) }) : floats;
  const weight = Array.from({ length: 12 }, (_, i) => Math.sin(i));
  const w = b.constant('w', { dtype: 'float32', dims: [4, 3, 1, 1], data: Float32Array.from(weight) });
  const y = b.op('Relu', [b.op('Conv', [images, w], {}, 'conv')]);
  graph.outputs = [b.op('Flatten', [b.op('GlobalAveragePool', [y])])];
  const path = join(folder, `${name}.onnx`);
  writeFileSync(path, writeModel(inferShapes(graph)));
  return path;
}

it.each<[string, Shape, DType, boolean, ImageForm, Shape]>([
  ['bytes, channels last', [1, 8, 8, 3], 'uint8', true, {}, ['N', 3, 8, 8]],
  ['oblong', [4, 3, 6, 10], 'float32', false, {}, ['N', 3, 6, 10]],
  ['open', ['N', 3, 'H', 'W'], 'float32', false, { dims: { H: 6, W: 10 } }, ['N', 3, 6, 10]],
  ['of a given size', ['N', 3, 'H', 'W'], 'float32', false, { inputSize: 9 }, ['N', 3, 9, 9]],
])('a contest of networks that are %s', async (name, shape, dtype, isLast, form, expected) => {
  const path = write(name, shape, dtype, isLast);
  const task = await readTask(path, path, form);
  const [, , height, width] = expected;
  expect(task).toMatchObject({ name, channels: 3, size: height === width ? height : { height, width } });
  for (const bytes of task.models.values()) {
    expect(readModel(bytes).inputs.map((input) => [input.dtype, ...input.shape])).toEqual([['float32', ...expected]]);
  }
});

it('two networks take the same images', async () => {
  const [baseline, hybrid] = [write('large', ['N', 3, 8, 8]), write('small', ['N', 3, 6, 8])];
  await expect(readTask(baseline, hybrid)).rejects.toMatchObject({ code: 'E_MODEL' });
});
