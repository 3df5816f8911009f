import { describe, expect, it } from 'vitest';
import { productOperations, summariseTrace } from './trace.ts';

describe('productOperations', () => {
  const m = 3;
  const k = 5;
  const n = 7;
  const cases: [string, number[], number[], number][] = [
    ['a plain product', [m, k], [m, n], 1],
    ['a transposed first operand', [k, m], [m, n], 1],
    ['a batch of products', [11, m, k], [11, m, n], 11],
    ['a batch with a transposed first operand', [2, 11, k, m], [2, 11, m, n], 22],
    ['one first operand for a whole batch', [m, k], [11, m, n], 11],
    ['one transposed first operand for a whole batch', [k, m], [11, m, n], 11],
    ['a first operand that is broadcast', [1, m, k], [11, m, n], 11],
  ];
  it.each(cases)('counts %s', (_, a, out, batch) => {
    expect(productOperations(a, out)).toBe(2 * batch * m * k * n);
  });

  it('says nothing about shapes that do not fit', () => {
    expect(productOperations([4, 4], [3, 7])).toBeUndefined();
  });
});

describe('summariseTrace', () => {
  const run = (ts: number, dur: number) => ({ cat: 'Session', name: 'model_run', ts, dur, args: {} });
  const kernel = (ts: number, dur: number, operator: string, inputs: number[][], output: number[]) => ({
    ...{ cat: 'Node', name: `${operator}_kernel_time`, ts, dur },
    args: {
      op_name: operator,
      input_type_shape: inputs.map((float) => ({ float })),
      output_type_shape: [{ float: output }],
    },
  });
  // Three runs of 100, 60 and 80 us, in the order in which the profiler writes them: a run after its kernels.
  const step = (ts: number, dur: number) => [
    kernel(ts + 1, dur / 2, 'MatMul', [[10, 100]], [10, 50]),
    kernel(ts + 51, dur / 8, 'Relu', [[10, 50]], [10, 50]),
    kernel(ts + 61, dur / 8, 'Relu', [[10, 20]], [10, 20]),
    { ...kernel(ts + 70, 1000, 'Relu', [], []), name: 'relu_fence_after' },
    run(ts, dur),
  ];
  const events = [run(-500, 1), ...step(0, 100), ...step(200, 60), ...step(400, 80)];
  const summary = summariseTrace(events, 2);

  it('leaves out the runs that warm up and everything but kernels', () => {
    expect(summary.steps).toBe(2);
    expect(summary.runMilliseconds).toBeCloseTo(0.07);
    expect(summary.kernelMilliseconds).toBeCloseTo(0.0525);
  });

  it('sums by operator, the most expensive first', () => {
    expect(summary.operators.map(({ operator, calls }) => [operator, calls])).toEqual([
      ['MatMul', 1],
      ['Relu', 2],
    ]);
    const [product, relu] = summary.operators;
    expect(product!.milliseconds).toBeCloseTo(0.035);
    expect(product!.share).toBeCloseTo(2 / 3);
    expect(product!.flop).toBe(2 * 10 * 100 * 50);
    expect(product!.gflops).toBeCloseTo(1e5 / 35e3);
    expect(relu!.gflops).toBeUndefined();
  });

  it('keeps operators of different shapes apart', () => {
    expect(summary.shapes.map((row) => `${row.operator} ${row.shapes}`)).toEqual([
      'MatMul [10, 100] -> [10, 50]',
      'Relu [10, 50] -> [10, 50]',
      'Relu [10, 20] -> [10, 20]',
    ]);
  });

  it('refuses a profile without a run after the warm-up', () => {
    expect(() => summariseTrace(events, 4)).toThrow('internal: 4 runs');
  });
});
