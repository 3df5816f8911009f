import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import type { Tensor } from '../ir/index.ts';
import { buildNetwork } from '../models/index.ts';
import { loadInitialWeights } from './initial-weights.ts';
import { encodeSafetensors } from './safetensors.ts';

const directory = mkdtempSync(join(tmpdir(), 'tritbank-initial-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const options = { width: 0.25, inputSize: 32, channels: 3, classes: 4, firstStride: 1, seed: 1 } as const;
const build = (changes: object = {}) => buildNetwork('mobilenet-v1', { ...options, ...changes });
const valuesOf = (graph: ReturnType<typeof build>) =>
  new Map(graph.initializers.filter((v) => v.shape.length > 0).map((v) => [v.name, v.constant!]));

function write(name: string, tensors: ReadonlyMap<string, Tensor>): string {
  const path = join(directory, name);
  writeFileSync(path, encodeSafetensors(new Map(tensors), {}));
  return path;
}

it('takes the weights of a network with other strides, averaged ones first', () => {
  const other = valuesOf(build({ seed: 2 }));
  const average = { ...other.get('conv_weight')!, data: new Float32Array(8 * 27).fill(0.5) };
  const graph = build({ outputStride: 8 });
  loadInitialWeights(graph, write('good', new Map([...other, ['conv_weight/ema', average]])));
  expect(graph.value('conv_weight').constant!.data[0]).toBe(0.5);
  expect(graph.value('conv_pw_3_weight').constant!.data).toEqual(other.get('conv_pw_3_weight')!.data);
});

it('refuses those of another network', () => {
  const wider = write('wider', valuesOf(build({ width: 0.5 })));
  expect(() => loadInitialWeights(build(), wider)).toThrow(/'conv_weight' of 8x3x3x3.*found 16x3x3x3/);
  const short = valuesOf(build());
  short.delete('classifier_bias');
  expect(() => loadInitialWeights(build(), write('short', short))).toThrow("expected 'classifier_bias' of 4");
  writeFileSync(join(directory, 'broken'), 'no tensors');
  expect(() => loadInitialWeights(build(), join(directory, 'broken'))).toThrow(
    expect.objectContaining({ code: 'E_FORMAT' }),
  );
  expect(() => loadInitialWeights(build(), join(directory, 'none'))).toThrow(
    expect.objectContaining({ code: 'E_FILE' }),
  );
});
