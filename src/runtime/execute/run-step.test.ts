/** Shares of steps: together they are the whole, and no element is two threads'. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { floatModel, integerModel } from '../../../test/runtime-models.ts';
import { readModel } from '../../onnx/index.ts';
import { createReferenceKernels } from '../kernels/reference.ts';
import { lower } from '../lower/lower.ts';
import { planExecution } from '../plan/plan.ts';
import { prepareGraph } from '../prepare-graph.ts';
import { readPlanes, writePlanes } from './moves.ts';
import { rangeOf, runStep } from './run-step.ts';

describe('ranges', () => {
  it('of all shares follow each other, in whole units', () => {
    const property = fc.property(
      fc.nat(500),
      fc.constantFrom(1, 32),
      fc.integer({ min: 1, max: 9 }),
      (total, unit, n) => {
        let end = 0;
        for (let index = 0; index < n; index++) {
          const [from, to] = rangeOf(total, unit, { index, count: n });
          expect(from).toBe(end);
          expect(to).toBeGreaterThanOrEqual(from);
          if (to < total) expect(to % unit).toBe(0);
          expect(to - from).toBeLessThanOrEqual(unit * Math.ceil(Math.ceil(total / unit) / n));
          end = to;
        }
        expect(end).toBe(total);
      },
    );
    fc.assert(property, { seed: 18 });
  });
});

describe.each([
  ['floats', floatModel, [1, 3, 6, 5]],
  ['integers', integerModel, [1, 2, 5, 5]],
] as const)('steps of %s', (_, bytes, dims) => {
  /** The outputs when `order` of `count` shares run one after the other in every step. */
  function run(count: number, order: readonly number[]): number[][] {
    const memory = new WebAssembly.Memory({ initial: 16 });
    const kernels = createReferenceKernels(memory);
    const lowered = lower(prepareGraph(readModel(bytes)), new Map([['x', dims]]));
    const write = (address: number, bytes: Uint8Array) => new Uint8Array(memory.buffer).set(bytes, address);
    const plan = planExecution(lowered, { threads: count, reserved: 1024, kernels, write });
    const { planes } = plan.inputs.get('x')!;
    const pixels = planes.channels * planes.pixels;
    writePlanes(
      memory,
      'float32',
      planes,
      Float32Array.from({ length: pixels }, (__, i) => 2 * Math.sin(i)),
    );
    for (const step of plan.steps) for (const index of order) runStep(kernels, step, { index, count });
    return [...plan.outputs.values()].map((port) => [...readPlanes(memory, 'float32', port.planes)]);
  }

  const whole = run(1, [0]);

  it('run whole', () => {
    expect(whole.flat().some((v) => v !== 0)).toBe(true);
    expect(whole.flat().every(Number.isFinite)).toBe(true);
  });

  it.each([
    [2, [0, 1]],
    [3, [2, 0, 1]],
    [5, [4, 3, 2, 1, 0]],
  ])('run in %i shares, in the order %j', (count, order) => {
    expect(run(count, order)).toEqual(whole);
  });
});
