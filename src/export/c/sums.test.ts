/** Convolutions that add their output to a sum: where they may, and what that does to the arena. */

import { describe, expect, it } from 'vitest';
import { QuantizedBuilder } from '../../../test/quantized-builder.ts';
import { readIntegerNetwork } from '../../integer/index.ts';
import { int, type Value } from '../../ir/index.ts';
import { readModel, writeModel } from '../../onnx/index.ts';
import { makeProgram } from './program.ts';
import { stepsOf } from './steps.ts';

interface Block {
  readonly b: QuantizedBuilder;
  /** The block's input, 8 channels. */
  readonly x: Value;
  readonly conv: (x: Value, kernel: number, isTernary?: boolean) => Value;
}

/** A network with what `block` makes of 8 channels of 24 x 24 pixels. */
function networkOf(block: (of: Block) => Value) {
  const b = new QuantizedBuilder('uint8', 'int32');
  const conv = (value: Value, kernel: number, isTernary = false) =>
    b.round(b.conv(value, 0.02, [8, 8, kernel, kernel], { isTernary }), 0.02, 120);
  const image = b.round(b.graph.input('x', 'float32', [1, 3, 24, 24]), 0.03, 120);
  const x = b.round(b.op('Relu', [b.conv(image, 0.03, [8, 3, 3, 3])]), 0.02, 0);
  const mean = b.round(b.op('GlobalAveragePool', [block({ b, x, conv })]), 0.02, 110);
  b.graph.outputs = [b.gemm(b.op('Flatten', [mean]), 0.02, [4, 8])];
  return readIntegerNetwork(readModel(writeModel(b.graph)));
}

const add = ({ b }: Block, first: Value, second: Value) => b.round(b.op('Add', [first, second]), 0.03, 100);
const sumsIn = (block: (of: Block) => Value) =>
  stepsOf(networkOf(block), 'balanced', { addsSums: true }).filter((step) => step.kind === 'convolution' && step.sum);

/** Two 3 x 3 layers and their input. */
const residual = (of: Block, isSwapped = false, isTernary = false) => {
  const deep = of.conv(of.conv(of.x, 3), 3, isTernary);
  return isSwapped ? add(of, of.x, deep) : add(of, deep, of.x);
};

describe('a sum', () => {
  it.each([
    [false, false],
    [true, false],
    [false, true],
  ])('lies over its other operand (swapped %s, ternary %s)', (isSwapped, isTernary) => {
    const { steps, memory } = makeProgram(
      networkOf((of) => residual(of, isSwapped, isTernary)),
      { name: 'n' },
    );
    expect(steps.map(({ kind }) => kind)).toEqual([...Array(3).fill('convolution'), 'pool', 'connected']);
    const step = steps[2]!;
    expect(memory.place(step.y)).toEqual(memory.place(step.reads[0]!));
    expect(memory.place(step.reads[0]!)).toEqual(memory.place(steps[0]!.y));
    // two tensors of 8 x 24 x 24 and some scratch, not three
    expect(memory.bytes).toBeLessThan(2.9 * 8 * 576);
  });

  it('is added to by all steps of a bank', () => {
    const bank = ({ b }: Block, x: Value) => {
      const full = b.round(b.conv(x, 0.02, [3, 8, 1, 1]), 0.02, 120);
      const hidden = b.round(b.conv(x, 0.02, [12, 8, 1, 1], { isTernary: true }), 0.02, 120);
      const ternary = b.round(b.conv(hidden, 0.02, [5, 12, 1, 1], { isTernary: true }), 0.02, 120);
      return b.op('Concat', [full, ternary], { axis: int(1) });
    };
    const { steps, memory } = makeProgram(
      networkOf((of) => add(of, bank(of, of.conv(of.x, 3)), of.x)),
      { name: 'n' },
    );
    const sums = steps.filter((step) => step.kind === 'convolution' && step.sum);
    expect(sums.map(({ y }) => [y.channel, y.channels])).toEqual([
      [0, 3],
      [3, 5],
    ]);
    for (const { y, reads } of sums) expect(memory.place(y)).toEqual(memory.place(reads[0]!));
    expect(memory.bytes).toBeLessThan(2.9 * 8 * 576);
  });

  it('has the operand of the convolution first', () => {
    const [straight] = sumsIn((of) => residual(of));
    const [swapped] = sumsIn((of) => residual(of, true));
    if (straight?.kind !== 'convolution' || swapped?.kind !== 'convolution') throw new Error('no sum');
    expect(swapped.sum!.layer.scales).toEqual(straight.sum!.layer.scales);
    expect(swapped.sum!.layer.zeroPoints).toEqual([120 - 128, 0 - 128, 100 - 128]);
  });

  it('is a step of its own where an operand is needed later, or by the convolution', () => {
    expect(sumsIn((of) => residual(of))).toHaveLength(1);
    expect(sumsIn((of) => of.conv(residual(of), 1))).toHaveLength(1);
    // the input once more, behind the sum
    expect(sumsIn((of) => add(of, residual(of), of.x))).toHaveLength(0);
    // a convolution of the other operand itself
    expect(sumsIn((of) => add(of, of.conv(of.x, 3), of.x))).toHaveLength(0);
    // a depthwise layer
    const depthwise = (of: Block) =>
      of.b.round(of.b.conv(of.conv(of.x, 3), 0.02, [8, 1, 3, 3], { group: 8 }), 0.02, 120);
    expect(sumsIn((of) => add(of, depthwise(of), of.x))).toHaveLength(0);
  });
});
