/** One line per operator case: the reference and shape inference against ONNX Runtime, on the same one-node graph. */

import { expect, it } from 'vitest';
import { compile } from '../../src/engine/index.ts';
import { type Attributes, type DType, f32, Graph, type Node, type Tensor, toNumbers } from '../../src/ir/index.ts';
import { fromNumbers } from '../../src/ops/arithmetic/numbers.ts';
import { evaluateNode } from '../../src/ops/reference.ts';
import { inferNode } from '../../src/ops/shape.ts';

export interface CaseOptions {
  readonly outputs?: number;
  /** Allowed difference, relative to max(1, |expected|); default 1e-5. */
  readonly tolerance?: number;
}

/** Operators that a case has run through ONNX Runtime. */
export const covered = new Set<string>();

/** float32 numbers in -2 ... 2 without pattern, ties or zeros. */
export function noise(dims: readonly number[], phase = 0): Tensor {
  const size = dims.reduce((n, d) => n * d, 1);
  return f32(
    dims,
    Array.from({ length: size }, (_, i) => ((Math.sin(12.9898 * (i + 1) + phase) * 43758.5453) % 1) * 2),
  );
}

/** The same without signs, at least 0.1. */
export function positive(dims: readonly number[], phase = 0): Tensor {
  return f32(
    dims,
    toNumbers(noise(dims, phase)).map((v) => Math.abs(v) + 0.1),
  );
}

/** A tensor of any element type, written out. */
export function tensor(dtype: DType, values: readonly number[], dims: readonly number[] = [values.length]): Tensor {
  return fromNumbers(dtype, dims, values);
}

/** A graph of one node. Integer and scalar operands, and scales, are initializers, as in real files; others are inputs. */
function oneNode(op: string, operands: readonly (Tensor | undefined)[], attributes: Attributes, outputs: number): Node {
  const graph = new Graph(op, 20);
  const values = operands.map((operand, i) => {
    if (!operand) return undefined;
    const isScales = op === 'Resize' && i === 2;
    return operand.dtype === 'float32' && operand.dims.length > 0 && !isScales
      ? graph.input(`x${i}`, operand.dtype, operand.dims)
      : graph.initializer(`x${i}`, operand);
  });
  const node = graph.add(op, values, attributes, { name: 'y', outputs });
  inferNode(node);
  graph.outputs = node.outputs.map((o) => o!);
  return node;
}

/** Declares a test: the types, dims and values of all outputs agree with ONNX Runtime's. */
export function agrees(
  title: string,
  op: string,
  operands: readonly (Tensor | undefined)[],
  attributes: Attributes = {},
  { outputs = 1, tolerance = 1e-5 }: CaseOptions = {},
): void {
  covered.add(op);
  it(`${op}: ${title}`, async () => {
    const node = oneNode(op, operands, attributes, outputs);
    const executable = await compile(node.graph, { optimize: false, threads: 1 });
    const feeds = Object.fromEntries(node.graph.inputs.map((v) => [v.name, operands[Number(v.name.slice(1))]!]));
    const expected = await executable.run(feeds);
    await executable.release();
    const computed = evaluateNode(node, operands);
    expect(computed).toHaveLength(outputs);
    for (const [i, output] of node.outputs.entries()) {
      const [want, got] = [expected[output!.name]!, computed[i]!];
      const type = { dtype: want.dtype, dims: [...want.dims] };
      expect({ dtype: got.dtype, dims: [...got.dims] }).toEqual(type);
      expect({ dtype: output!.dtype, dims: [...output!.dims] }).toEqual(type);
      expectClose(toNumbers(got), toNumbers(want), tolerance);
    }
  });
}

function expectClose(got: readonly number[], want: readonly number[], tolerance: number): void {
  expect(got).toHaveLength(want.length);
  for (const [i, w] of want.entries()) {
    const same = Object.is(got[i], w) || Math.abs(got[i]! - w) <= tolerance * Math.max(1, Math.abs(w));
    if (!same) expect.fail(`expected element ${i} to be ${w}, found ${got[i]}`);
  }
}
