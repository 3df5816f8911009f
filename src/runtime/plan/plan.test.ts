/** Where a plan puts what, and in which order it is computed. */

import { describe, expect, it } from 'vitest';
import { type Attributes, f32, Graph, int, ints, type Value } from '../../ir/index.ts';
import { createReferenceKernels } from '../kernels/reference.ts';
import { lower } from '../lower/lower.ts';
import { prepareGraph } from '../prepare-graph.ts';
import { type ExecutionPlan, type PlanOptions, planExecution } from './plan.ts';
import type { Step } from './steps.ts';

const reserved = 1024;
const kernels = createReferenceKernels(new WebAssembly.Memory({ initial: 1 }));

function planOf(
  dims: number[],
  build: (x: Value, op: typeof apply) => Value | Value[],
  threads = 1,
  write: PlanOptions['write'] = () => {},
): ExecutionPlan {
  const graph = new Graph('g');
  const outputs = build(graph.input('x', 'float32', dims), apply);
  graph.outputs = Array.isArray(outputs) ? outputs : [outputs];
  const lowered = lower(prepareGraph(graph), new Map([['x', dims]]));
  return planExecution(lowered, { threads, reserved, kernels, write });
}

const apply = (op: string, inputs: Value[], attributes: Attributes = {}): Value =>
  inputs[0]!.graph.add(op, inputs, attributes).output();

function conv(x: Value, dims: number[], attributes: Attributes = {}): Value {
  const count = dims.reduce((n, d) => n * d, 1);
  const weights = Array.from({ length: count }, (_, i) => 2 + Math.sin(i));
  return apply('Conv', [x, x.graph.initializer('w', f32(dims, weights))], attributes);
}

const kindsOf = ({ steps }: ExecutionPlan) => steps.map(({ run, op }) => `${run} ${op}`);

function only<R extends Step['run']>({ steps }: ExecutionPlan, run: R): Extract<Step, { run: R }>[] {
  return steps.filter((step): step is Extract<Step, { run: R }> => step.run === run);
}

describe('memory', () => {
  it('is what the kernels keep, constants, activations', () => {
    const written: { address: number; end: number }[] = [];
    const write = (address: number, bytes: Uint8Array) => written.push({ address, end: address + bytes.length });
    const plan = planOf([1, 2, 4, 4], (x) => conv(x, [3, 2, 1, 1]), 1, write);
    const input = plan.inputs.get('x')!.planes.address;
    const output = plan.outputs.get('conv')!.planes.address;
    expect(plan.activationBytes % 64).toBe(0);
    expect(plan.weightBytes % 64).toBe(0);
    expect(Math.min(input, output)).toBe(reserved + plan.weightBytes);
    expect(written[0]!.address).toBe(reserved);
    for (const { address } of written) expect(address % 64).toBe(0);
    expect(Math.max(...written.map(({ end }) => end))).toBeLessThanOrEqual(reserved + plan.weightBytes);
    expect(plan.bytes).toBe(65536);
  });

  it('is shared by what does not live at the same time', () => {
    // planes of 32 pixels: 128 bytes a channel; at most two of the four activations live at once
    const plan = planOf([1, 4, 4, 8], (x, op) =>
      [1, 2, 3].reduce((y) => op('MaxPool', [y], { kernel_shape: ints([1, 1]) }), x),
    );
    expect(plan.activationBytes).toBeGreaterThanOrEqual(2 * 4 * 128);
    expect(plan.activationBytes).toBeLessThan(3 * 4 * 128);
  });

  it('of an operand is that of a sum behind its last reader', () => {
    const plan = planOf([1, 4, 4, 8], (x, op) => {
      const [a, b] = [op('Neg', [x]), op('Abs', [x])];
      return op('Add', [a, b]);
    });
    const [sum] = only(plan, 'binary');
    expect([sum!.call.a, sum!.call.b]).toContain(sum!.call.y);
    const kept = planOf([1, 4, 4, 8], (x, op) => {
      const [a, b] = [op('Neg', [x]), op('Abs', [x])];
      return [op('Add', [a, b]), a, b];
    });
    const [other] = only(kept, 'binary');
    expect([other!.call.a, other!.call.b]).not.toContain(other!.call.y);
  });

  it('of a bank holds its parts one behind the other', () => {
    const plan = planOf([1, 2, 4, 8], (x, op) =>
      op('Concat', [conv(x, [3, 2, 1, 1]), conv(x, [4, 2, 1, 1])], { axis: int(1) }),
    );
    const [first, second] = only(plan, 'product');
    const { address, channels } = plan.outputs.get('concat')!.planes;
    expect([first!.call.y, second!.call.y, channels]).toEqual([address, address + 3 * 128, 7]);
    expect(kindsOf(plan)).toEqual(['product Conv', 'product Conv']);
  });

  it('for scratch is given to each thread', () => {
    const build = (x: Value) => conv(x, [16, 2, 3, 3], { pads: ints([1, 1, 1, 1]) });
    const [one, three] = [planOf([1, 2, 8, 8], build), planOf([1, 2, 8, 8], build, 3)];
    const scratch = only(one, 'product')[0]!.prepared.scratch;
    expect(three.activationBytes).toBeGreaterThanOrEqual(one.activationBytes + 2 * scratch);
  });

  it('is bounded', () => {
    expect(() => planOf([1, 2 ** 15, 2 ** 8, 2 ** 8], (x, op) => op('Neg', [x]))).toThrow(
      expect.objectContaining({ code: 'E_UNSUPPORTED', where: 'memory' }),
    );
  });
});

describe('steps', () => {
  it('multiply planes as they are by 1x1 filters, patches by larger ones', () => {
    expect(kindsOf(planOf([1, 2, 4, 4], (x) => conv(x, [3, 2, 1, 1])))).toEqual(['product Conv']);
    expect(kindsOf(planOf([1, 2, 4, 4], (x) => conv(x, [3, 2, 3, 3])))).toEqual(['patches Conv', 'product Conv']);
    const strided = planOf([1, 2, 4, 4], (x) => conv(x, [3, 2, 1, 1], { strides: ints([2, 2]) }));
    expect(kindsOf(strided)).toEqual(['patches Conv', 'product Conv']);
  });

  it('have a kernel for one filter a channel, and a product for each group', () => {
    const depthwise = planOf([1, 4, 4, 4], (x) => conv(x, [4, 1, 3, 3], { group: int(4) }));
    expect(kindsOf(depthwise)).toEqual(['depthwise Conv']);
    const grouped = planOf([1, 4, 4, 4], (x) => conv(x, [6, 2, 1, 1], { group: int(2) }));
    const products = only(grouped, 'product');
    expect(products.map(({ prepared }) => [prepared.rows, prepared.columns])).toEqual([
      [3, 2],
      [3, 2],
    ]);
    // 16 pixels in planes of 32 float32
    expect(products[1]!.call.x - products[0]!.call.x).toBe(2 * 128);
    expect(products[1]!.call.y - products[0]!.call.y).toBe(3 * 128);
  });

  it('make the same patches once for neighbours', () => {
    const plan = planOf([1, 2, 6, 6], (x) => [conv(x, [3, 2, 3, 3]), conv(x, [4, 2, 3, 3])]);
    expect(kindsOf(plan)).toEqual(['patches Conv', 'product Conv', 'product Conv']);
    const [a, b] = only(plan, 'product');
    expect(b!.call.x).toBe(a!.call.x);
  });

  it('go through large images in bands, whose windows begin further down', () => {
    const plan = planOf([1, 16, 64, 64], (x) => conv(x, [4, 16, 3, 3], { pads: ints([1, 1, 1, 1]) }));
    const patches = only(plan, 'patches');
    const products = only(plan, 'product');
    expect(patches.length).toBeGreaterThan(1);
    expect(products).toHaveLength(patches.length);
    let row = 0;
    for (const [i, { call }] of patches.entries()) {
      expect(call.window.pads[0]).toBe(1 - row);
      expect(products[i]!.call.y - products[0]!.call.y).toBe(4 * 64 * row);
      expect(products[i]!.call.to).toBe(call.outHeight * 64);
      row += call.outHeight;
    }
    expect(row).toBe(64);
    const band = patches[0]!.call.outHeight * 64 * 16 * 9 * 4;
    expect(band).toBeLessThanOrEqual(192 * 1024);
  });

  it('are none for what only changes dimensions', () => {
    const plan = planOf([1, 4, 2, 2], (x, op) => op('Flatten', [op('GlobalAveragePool', [x])]));
    expect(kindsOf(plan)).toEqual(['pool GlobalAveragePool']);
    expect(plan.outputs.get('flatten')!.dims).toEqual([1, 4]);
  });
});
