/** Exported C on this machine: every layer equal to the bit, without warnings, under the sanitizers. */

import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { exportC, exportModelToC, optimizeNames } from '../../src/export/c/index.ts';
import { exportOnnx } from '../../src/export/onnx/export-onnx.ts';
import { readIntegerNetwork } from '../../src/integer/index.ts';
import { type Graph, int, ints, type Value } from '../../src/ir/index.ts';
import { readModel, writeModel } from '../../src/onnx/index.ts';
import { calibration, deployed } from '../ort/export-helper.ts';
import { QuantizedBuilder } from '../quantized-builder.ts';
import { hasClang, make, missing } from './build-c.ts';

const integers = (graph: Graph) => readIntegerNetwork(readModel(writeModel(graph)));

describe.skipIf(missing !== undefined)(`with a C compiler${missing ? ` (no ${missing} here)` : ''}`, () => {
  it.each(['mobilenet-v1', 'mobilenet-v2', 'resnet-20', 'ds-cnn'])('hybrid %s', async (model) => {
    const exported = await exportOnnx(deployed(model, { method: 'hybrid' }), { activations: 'int8', calibration });
    const other = exportC(integers(exported), { name: model, drawn: 2 });
    if (model === 'resnet-20') expect([...other.files.values()].join('')).toContain('tb_run_convolution_sum(&layer_');
    expect(make(other, 'sanitize')).toBe('all layers equal');
    if (hasClang) expect(make(other, 'test', ['CC=clang', 'CFLAGS=-O3'])).toBe('all layers equal');
    if (model !== 'ds-cnn') return;
    expect(make(other, 'test', ['CFLAGS=-O0'])).toBe('all layers equal');
    for (const optimize of optimizeNames) {
      expect(make(exportC(integers(exported), { name: model, optimize }), 'test')).toBe('all layers equal');
    }
  });

  it.each(['fp', 'twn', 'strassen'] as const)('a small network by %s', async (method) => {
    const graph = method === 'fp' ? deployed('ds-cnn', { method: 'fp' }) : deployed('ds-cnn', { method });
    const exported = await exportOnnx(graph, { activations: 'int8', calibration });
    expect(make(exportC(integers(exported), { name: 'small' }), 'sanitize')).toBe('all layers equal');
  });

  it.each(['arduino', 'zephyr'] as const)('the folder of %s has its test, with given images', (layout) => {
    const network = integers(randomNetwork(6, 5, [[1, 7]]));
    const images = [new Int8Array(90).fill(5)];
    expect(make(exportC(network, { name: 'laid', layout, images }), 'test')).toBe('all layers equal');
  });

  it.each(['arduino', 'zephyr'] as const)('the folder of %s is written once, and replaced by force', async (layout) => {
    const folder = mkdtempSync(join(tmpdir(), 'tritbank-c-'));
    try {
      const [model, out] = [join(folder, 'a net.int8.onnx'), join(folder, 'out', layout)];
      writeFileSync(model, writeModel(randomNetwork(6, 5, [[1, 7]])));
      const { name, files } = await exportModelToC({ model, out, layout });
      expect(name).toBe('a_net_int8');
      expect(files.every((file) => existsSync(join(out, file)))).toBe(true);
      await expect(exportModelToC({ model, out, layout })).rejects.toMatchObject({ code: 'E_USAGE' });
      await expect(exportModelToC({ model, out, layout, force: true })).resolves.toMatchObject({ files });
      const other = join(folder, 'other');
      mkdirSync(other);
      writeFileSync(join(other, 'README.md'), 'mine');
      await expect(exportModelToC({ model, out: other, layout })).rejects.toMatchObject({ code: 'E_USAGE' });
      expect(readdirSync(other)).toEqual(['README.md']);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it('random networks of all layers', () => {
    const size = fc.integer({ min: 1, max: 11 });
    const moves = fc.array(fc.tuple(fc.integer({ min: 0, max: 8 }), fc.integer({ min: 0, max: 50 })), {
      minLength: 1,
      maxLength: 7,
    });
    const property = fc.property(
      size,
      size,
      moves,
      fc.constantFrom(...optimizeNames),
      (height, width, list, optimize) => {
        const network = integers(randomNetwork(height, width, list));
        expect(make(exportC(network, { name: 'random', optimize, drawn: 2 }), 'sanitize')).toBe('all layers equal');
      },
    );
    fc.assert(property, { numRuns: 5 });
  });
});

/** Layers one behind another; `choice` says how many filters, which stride, which part. */
function randomNetwork(height: number, width: number, moves: readonly (readonly [number, number])[]): Graph {
  const b = new QuantizedBuilder('uint8', 'int32', height * 100 + width);
  const x = b.graph.input('x', 'float32', [1, 3, height, width]);
  let y = b.round(x, 0.03, 120);
  let [scale, channels, isSmall] = [0.03, 3, false];
  const round = (value: Value, zero: number) => {
    scale = 0.03;
    return b.round(value, scale, zero);
  };
  for (const [kind, choice] of moves) {
    const filters = 1 + (choice % 37);
    const before = y;
    if (kind === 0) y = round(b.op('Relu', [b.conv(y, scale, [filters, channels, 1, 1])]), 0);
    else if (kind === 1) y = round(b.conv(y, scale, [filters, channels, 3, 3], { stride: 1 + (choice % 2) }), 128);
    else if (kind === 2)
      y = round(b.conv(y, scale, [channels, 1, 3, 3], { group: channels, stride: 1 + (choice % 2) }), 90);
    else if (kind === 3) y = round(b.conv(y, scale, [filters, channels, 1, 1], { isTernary: true }), 130);
    else if (kind === 4) y = round(b.conv(y, scale, [channels, 1, 5, 5], { group: channels }), 100);
    else if (kind === 5) {
      const hidden = round(b.conv(y, scale, [filters + 20, channels, 3, 3], { isTernary: true }), 125);
      const ternary = b.conv(hidden, scale, [filters, filters + 20, 1, 1], { isTernary: true });
      const full = b.conv(before, 0.03, [3, channels, 3, 3]);
      y = b.op('Concat', [round(full, 120), round(ternary, 120)], { axis: int(1) });
    } else if (kind === 6) y = round(b.op('Add', [y, b.round(y, 0.07, 60)]), 77);
    else if (kind === 7) y = round(b.op('HardSwish', [y]), 30);
    else if (!isSmall && height > 3 && width > 3) {
      isSmall = true;
      const attributes = { kernel_shape: ints([2, 3]), strides: ints([1, 1]), pads: ints([0, 1, 1, 1]) };
      if (choice % 2) y = round(b.op('AveragePool', [y], attributes), 100);
      else y = b.op('MaxPool', [y], attributes);
    }
    if (kind !== 2 && kind !== 4 && kind < 6) channels = kind === 5 ? filters + 3 : filters;
  }
  const mean = b.round(b.op('GlobalAveragePool', [y]), 0.02, 110);
  const flat = b.op('Flatten', [mean]);
  const scores = b.gemm(flat, 0.02, [channels % 2 ? 5 : 130, channels]);
  b.graph.outputs = [moves.length % 2 ? b.op('Softmax', [scores], { axis: int(1) }) : scores];
  return b.graph;
}
