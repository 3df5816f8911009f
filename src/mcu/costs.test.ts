/** Predictions of a whole program: its flash is exact, and shapes alone say about the same as its steps. */

import { describe, expect, it } from 'vitest';
import { gridNetworks } from '../../scripts/mcu/grid.ts';
import { exportC } from '../export/c/index.ts';
import { coreNames, coreOf } from './cores.ts';
import { coreCosts, costOf } from './costs/coefficients.ts';
import { expectedGaps } from './costs/gaps.ts';
import { shapeOf, workOf } from './costs/steps.ts';
import { predictStep } from './costs.ts';
import { predictOnCore } from './predict.ts';

const pointwise = { kind: 'pointwise', height: 12, width: 12, channels: 64, filters: 128, kernel: [1, 1] } as const;

describe('predictStep', () => {
  it('counts the bytes of int8 filters by hand', () => {
    // 128 x 64 weights, 9 bytes a row, two structs
    expect(predictStep('cortex-m4', pointwise).flash).toBe(128 * 64 + 9 * 128 + 32 + 40);
  });

  it('is a little less than an instruction a product on a Cortex-M4', () => {
    const macs = 128 * 64 * 144;
    const { instructions, cycles } = predictStep('cortex-m4', pointwise);
    expect(instructions / macs).toBeGreaterThan(0.6);
    expect(instructions / macs).toBeLessThan(1.3);
    expect(cycles).toBeGreaterThan(instructions);
  });

  it('costs about 12 instructions more for each weight and 16 pixels', () => {
    const bank = (nonZero: number) =>
      predictStep(
        'cortex-m4',
        { ...pointwise, kind: 'bank', filters: 0, ternary: { hidden: 64, filters: 128, nonZero } },
        'speed',
      );
    const each = (bank(4000).instructions - bank(2000).instructions) / 2000 / 9;
    expect(each).toBeGreaterThan(8);
    expect(each).toBeLessThan(15);
    expect(bank(4000).flash).toBeGreaterThan(bank(2000).flash);
  });

  it('adds the filters of both kinds', () => {
    const ternary = { hidden: 40, filters: 64, nonZero: 1500 };
    const both = predictStep('cortex-m7', { ...pointwise, kind: 'bank', filters: 64, ternary });
    const dense = predictStep('cortex-m7', { ...pointwise, filters: 64 });
    const alone = predictStep('cortex-m7', { ...pointwise, kind: 'bank', filters: 0, ternary });
    expect(Math.abs(both.instructions - dense.instructions - alone.instructions)).toBeLessThan(2);
    expect(both.flash).toBe(dense.flash + alone.flash);
  });

  it.each(coreNames)('takes more for more on %s', (core) => {
    const instructions = (step: Parameters<typeof predictStep>[1]) => predictStep(core, step).instructions;
    const area = { height: 10, width: 10, channels: 24, filters: 24 } as const;
    const depthwise = { kind: 'depthwise', ...area, kernel: [3, 3] } as const;
    expect(instructions({ ...depthwise, kernel: [5, 5] })).toBeGreaterThan(instructions(depthwise));
    expect(instructions({ kind: 'convolution', ...area, kernel: [3, 3] })).toBeGreaterThan(
      instructions({ kind: 'pointwise', ...area, kernel: [1, 1] }),
    );
    expect(instructions({ kind: 'add', ...area, filters: 0, kernel: [1, 1] })).toBeGreaterThan(2400);
    expect(instructions({ kind: 'pool', ...area, kernel: [2, 2] })).toBeGreaterThan(2400);
    const connected = { kind: 'connected', height: 1, width: 1, channels: 256, kernel: [1, 1], filters: 0 } as const;
    const ternary = { hidden: 0, filters: 1000, nonZero: 99_000 };
    expect(instructions({ ...connected, ternary })).toBeGreaterThan(instructions({ ...connected, filters: 10 }));
  });
});

describe('predictOnCore', () => {
  it('says of steps what their shapes say, about', () => {
    const [, network] = gridNetworks();
    const exported = exportC(network!, { name: 'grid', drawn: 1 });
    const { steps, ...sums } = predictOnCore(exported, coreOf('cortex-m4'));
    expect(sums.instructions).toBe(steps.reduce((n, step) => n + step.instructions, 0));
    expect(sums.ram).toBe(exported.program.memory.bytes + coreCosts('cortex-m4').stack);
    expect(sums.flash).toBeGreaterThan(exported.program.flash.reduce((a, b) => a + b, 0));
    const errors = exported.program.steps.flatMap((step, i) => {
      const shape = shapeOf(step);
      if (!shape) return [];
      const { instructions, flash } = predictStep('cortex-m4', shape);
      expect(costOf('cortex-m4', workOf(step, false)).instructions).toBeCloseTo(steps[i]!.instructions, -1);
      return [Math.abs(instructions / steps[i]!.instructions - 1), Math.abs(flash / steps[i]!.flash - 1)];
    });
    expect(errors.sort((a, b) => a - b)[Math.floor(0.8 * errors.length)]).toBeLessThan(0.1);
  });
});

describe('expectedGaps', () => {
  it('is one a weight in short rows, and more where zeros are many', () => {
    expect(expectedGaps(10, 12, 40)).toBe(50);
    const a = expectedGaps(64, 256, 64 * 256 * 0.5) / (64 * 256 * 0.5);
    const b = expectedGaps(64, 256, 64 * 256 * 0.04) / (64 * 256 * 0.04);
    expect(a).toBeLessThan(1.1);
    expect(b).toBeGreaterThan(1.4);
  });
});
