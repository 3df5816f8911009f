/**
 * A microcontroller's core as a target. The uncompressed network is laid out as `export --to c` does it, which gives its
 * memory to the byte; layers that become banks take what the cost functions of the kernels say. RAM is that of the
 * uncompressed network: tensors are as large in every plan, scratch and overlays of banks differ by a few percent.
 */

import { makeProgram, type Program } from '../../export/c/index.ts';
import { type ConvolutionLayer, type IntegerNetwork, isPointwise } from '../../integer/index.ts';
import { TritbankError } from '../../ir/index.ts';
import { type CoreName, coreOf, predictOnCore, predictStep, type StepCost, type StepShape } from '../../mcu/index.ts';
import type { BankShape, PlanningTarget, Totals } from '../target.ts';

/** What a step costs on a core; by default as fitted to counts. */
export type CostOfStep = (core: CoreName, step: StepShape) => StepCost;

/** Figures of a network on a core, without compiler and emulator: flash and RAM as laid out, instructions predicted. */
export function coreFigures(
  core: CoreName,
  network: IntegerNetwork,
): Required<Pick<Totals, 'instructions' | 'flash' | 'ram'>> {
  return figuresOf(core, makeProgram(network, { name: 'network' }));
}

function figuresOf(core: CoreName, program: Program) {
  const { instructions, flash, ram } = predictOnCore({ program }, coreOf(core));
  return { instructions, flash, ram };
}

function shapeOf({ x, y, window, rows }: ConvolutionLayer, isOnePixel: boolean, room: number): StepShape {
  const { height, width } = y.tensor;
  const { kernel, strides } = window;
  const { channels } = x;
  const shape = { height, width, channels, filters: rows, kernel, stride: Math.max(...strides) };
  if (isOnePixel) return { kind: 'connected', ...shape };
  return { kind: isPointwise({ window }) ? 'pointwise' : 'convolution', ...shape, room };
}

/** Whether the one output pixel sees all of x, as the C export asks. */
function isConnected({ x, y, window: { kernel, pads } }: ConvolutionLayer): boolean {
  const { tensor } = x;
  const seesAll = kernel[0] === tensor.height && kernel[1] === tensor.width && pads.every((pad) => pad === 0);
  return y.tensor.height * y.tensor.width === 1 && seesAll;
}

/** E_USAGE for a bank without its number of non-zeros. */
function bankOf(shape: StepShape, { fullPrecision, ternary, hidden, nonZero }: BankShape, where: string): StepShape {
  if (nonZero === undefined) {
    throw new TritbankError('E_USAGE', where, 'expected predicted non-zero weights, which kernels skip, found none');
  }
  const kind = shape.kind === 'connected' ? 'connected' : 'bank';
  return { ...shape, kind, filters: fullPrecision, ternary: { hidden, filters: ternary, nonZero } };
}

/**
 * The target for `network`, which is uncompressed and in 8 bits. E_UNSUPPORTED for layers that have no kernel in C.
 */
export function coreTarget(core: CoreName, network: IntegerNetwork, costOf: CostOfStep = predictStep): PlanningTarget {
  const program = makeProgram(network, { name: 'network' });
  const control = figuresOf(core, program);
  const layers = new Map(
    network.layers.flatMap((layer) =>
      layer.kind === 'convolution' && layer.groups === 1
        ? [[layer.name, shapeOf(layer, isConnected(layer), program.room.get(layer.name) ?? 0)] as const]
        : [],
    ),
  );
  const cost = (layer: string, bank?: BankShape): readonly number[] => {
    const shape = layers.get(layer);
    const where = `layer '${layer}'`;
    if (!shape) throw new TritbankError('E_UNSUPPORTED', where, `expected a convolution of one group, found none`);
    const { instructions, flash } = costOf(core, bank ? bankOf(shape, bank, where) : shape);
    return [instructions, flash];
  };
  return {
    name: core,
    resources: [
      { name: 'instructions', limit: 'instructions' },
      { name: 'flash', limit: 'flash' },
    ],
    cost,
    whole: [control.instructions, control.flash],
    totals: (banks) => {
      const change = (i: number) =>
        [...banks].reduce((sum, [layer, bank]) => sum + cost(layer, bank)[i]! - cost(layer)[i]!, 0);
      return {
        instructions: control.instructions + change(0),
        flash: control.flash + change(1),
        ram: control.ram,
      };
    },
  };
}
