import { expect, it } from 'vitest';
import { f32, Graph, type Tensor } from '../../ir/index.ts';
import { exportOnnx } from './export-onnx.ts';
import type { FilterForm } from './options.ts';

async function exported(weights: Tensor, filters: FilterForm): Promise<string[]> {
  const graph = new Graph('g');
  const x = graph.input('x', 'float32', [1, 2, 4, 4]);
  graph.outputs = [graph.add('Conv', [x, graph.initializer('w', weights)], {}, { name: 'conv' }).output()];
  const lines: string[] = [];
  await exportOnnx(graph, { filters, warn: (line) => lines.push(line) });
  return lines;
}

const filters = (...values: number[]) => f32([2, 2, 1, 1], values);

it('counts weights that half precision loses, and those that it has no place for', async () => {
  expect(await exported(filters(1, 0.5, 2, 0), 'fp16')).toEqual([]);
  expect(await exported(filters(1, 1e-9, 2, -1e-9), 'fp16')).toEqual([
    "layer 'conv': 2 of 4 weights are too small for fp16 and become 0",
  ]);
  expect(await exported(filters(1, 1e5, 2, 0.5), 'fp16')).toEqual([
    "layer 'conv': 1 of 4 weights are beyond float16's 65504: the layer is stored as float32",
  ]);
  expect(await exported(filters(1, 1e-9, 2, -1e-9), 'fp32')).toEqual([]);
});

const small: readonly [FilterForm, number][] = [
  ['fp16', 1e-9],
  ['int8', 1e-40],
];

it.each(small)('names a layer with filters that vanish in %s', async (form, tiny) => {
  const warnings = await exported(filters(1, 0.5, tiny, -tiny), form);
  expect(warnings).toEqual([
    `layer 'conv': 2 of 4 weights are too small for ${form} and become 0, all of 1 of 2 filters among them`,
  ]);
});

it.each(small)('refuses a layer that would vanish in %s', async (form, tiny) => {
  await expect(exported(filters(tiny, -tiny, tiny, -tiny), form)).rejects.toMatchObject({
    code: 'E_MODEL',
    message: expect.stringContaining(
      `layer 'conv': expected weights that ${form} has a place for, found 2 of 2 filters`,
    ),
  });
});

it('refuses infinite weights where a scale would be infinite', async () => {
  await expect(exported(filters(1, Infinity, 1, 1), 'int8')).rejects.toMatchObject({ code: 'E_MODEL' });
});
