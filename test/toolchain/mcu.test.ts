/** Exported C on emulated cores: every layer equal, counts that are the same twice. */

import { describe, expect, it } from 'vitest';
import { exportC } from '../../src/export/c/index.ts';
import { readIntegerNetwork } from '../../src/integer/index.ts';
import { int } from '../../src/ir/index.ts';
import { controlNetwork, coreNames, coreOf, measureOnCore, missingTools } from '../../src/mcu/index.ts';
import { readModel, writeModel } from '../../src/onnx/index.ts';
import { QuantizedBuilder } from '../quantized-builder.ts';

function smallNetwork() {
  const b = new QuantizedBuilder('uint8', 'int32');
  const x = b.graph.input('x', 'float32', [1, 3, 13, 13]);
  const relu = (y: typeof x) => b.op('Relu', [y]);
  const image = b.round(x, 0.03, 120);
  const first = b.round(relu(b.conv(image, 0.03, [16, 3, 3, 3], { stride: 2 })), 0.02, 0);
  const deep = b.round(relu(b.conv(first, 0.02, [16, 1, 3, 3], { group: 16 })), 0.02, 0);
  const full = b.round(relu(b.conv(deep, 0.02, [5, 16, 1, 1])), 0.03, 3);
  const hidden = b.round(b.conv(deep, 0.02, [40, 16, 1, 1], { isTernary: true }), 0.05, 125);
  const ternary = b.round(relu(b.conv(hidden, 0.05, [11, 40, 1, 1], { isTernary: true })), 0.03, 3);
  const bank = b.op('Concat', [full, ternary], { axis: int(1) });
  const sum = b.round(b.op('Add', [bank, first]), 0.05, 100);
  const last = b.round(b.conv(sum, 0.05, [600, 16, 1, 1], { isTernary: true }), 0.05, 100);
  const wide = b.round(b.conv(last, 0.05, [9, 600, 1, 1], { isTernary: true }), 0.05, 100);
  const mean = b.round(b.op('GlobalAveragePool', [wide]), 0.02, 110);
  b.graph.outputs = [b.gemm(b.op('Flatten', [mean]), 0.02, [7, 9])];
  return readIntegerNetwork(readModel(writeModel(b.graph)));
}

describe.each(coreNames)('%s', (name) => {
  const core = coreOf(name);
  const missing = missingTools(core);
  const reason = missing.length > 0 ? ` (no ${missing.join(', ')} here)` : '';
  it.skipIf(missing.length > 0)(`runs the network and its control${reason}`, async () => {
    const network = smallNetwork();
    const exported = exportC(network, { name: 'small', drawn: 1 });
    const measure = await measureOnCore(exported, core);
    // the bank, in two steps, adds its channels to the sum
    expect(measure.steps.map(({ kernel }) => kernel)).toEqual([
      ...['convolution', 'depthwise', 'convolution', 'convolution', 'convolution', 'pool', 'connected'],
    ]);
    expect(measure.steps.every(({ instructions, estimatedCycles }) => estimatedCycles >= instructions)).toBe(true);
    const constants = exported.program.flash.reduce((a, b) => a + b, 0);
    expect(measure.flash).toBeGreaterThan(constants);
    expect(measure.flash).toBeLessThan(constants + 25_000);
    expect(measure.ram).toBe(exported.program.memory.bytes + measure.stack);
    // every core has the same kernels besides
    if (name !== 'cortex-m4') return;
    const small = await measureOnCore(exportC(network, { name: 'small', drawn: 1, optimize: 'flash' }), core);
    expect(small.instructions).toBeGreaterThan(measure.instructions);
    const control = await measureOnCore(exportC(controlNetwork(network), { name: 'small', drawn: 1 }), core);
    const convolutions = ({ steps }: typeof measure) => steps.filter(({ kernel }) => kernel === 'convolution').length;
    expect(convolutions(control)).toBeLessThan(convolutions(measure));
    expect((await measureOnCore(exported, core)).instructions).toBe(measure.instructions);
  });
});
