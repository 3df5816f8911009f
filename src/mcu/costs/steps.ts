/** The work of a program's steps, and what it costs on a core. */

import type { Program } from '../../export/c/program.ts';
import type { ConvolutionStep, Step } from '../../export/c/steps.ts';
import { isPointwise, type Window } from '../../integer/index.ts';
import { type CoreName, hasVectors } from '../cores.ts';
import { costOf } from './coefficients.ts';
import { expectedGaps } from './gaps.ts';
import type { MatrixShape, StepShape } from './shape.ts';
import {
  additionWork,
  connectedWork,
  copyWork,
  denseWork,
  depthwiseWork,
  poolWork,
  softmaxWork,
  ternaryWork,
  type WindowShape,
  type Work,
} from './terms.ts';

const windowShape = ({ kernel, strides }: Window): WindowShape => ({ kernel, stride: Math.max(...strides) });

function matrixShape({ matrix }: ConvolutionStep['matrices'][number]): MatrixShape {
  const { rows, columns, form, bytes, nonZeros } = matrix;
  const nibbles = form === 'lists' ? 2 * (bytes.length - 2 * rows) : expectedGaps(rows, columns, nonZeros);
  return { rows, columns, form, nibbles };
}

/** On a core with vectors, or without. */
export function workOf(step: Step, hasVectors: boolean): Work {
  const { channels, tensor } = step.y;
  const elements = channels * tensor.height * tensor.width;
  switch (step.kind) {
    case 'convolution': {
      const window = windowShape(step.layer.window);
      const [first] = step.matrices;
      if (first!.matrix.form === 'dense') {
        return denseWork(first!.matrix.rows, first!.matrix.columns, tensor, window, step.tiles);
      }
      return ternaryWork(step.matrices.map(matrixShape), tensor, window, step.tiles, hasVectors);
    }
    case 'depthwise':
      return depthwiseWork(step.layer.x.channels, step.layer.rows, tensor, windowShape(step.layer.window));
    case 'connected': {
      const { rows, columns, form } = step.matrix;
      return connectedWork(rows, columns, form === 'trits' ? 'trits' : 'plain');
    }
    case 'pool':
      return poolWork(channels, tensor, step.layer.window.kernel);
    case 'addition':
      return additionWork(elements);
    case 'softmax':
      return softmaxWork(elements);
    default:
      return copyWork(elements);
  }
}

/** A step by its sizes alone, where it is a layer of a kind that plans know. */
export function shapeOf(step: Step): StepShape | undefined {
  const { channels, tensor } = step.y;
  const area = { height: tensor.height, width: tensor.width };
  switch (step.kind) {
    case 'convolution': {
      if (step.sum) return undefined;
      const { window, x } = step.layer;
      const base = { ...area, channels: x.channels, kernel: window.kernel, stride: Math.max(...window.strides) };
      const kind = isPointwise(step.layer) ? 'pointwise' : 'convolution';
      const [first, second] = step.matrices.map(({ matrix }) => matrix);
      if (first!.form === 'dense') return { kind, ...base, filters: first!.rows };
      const last = second ?? first!;
      const nonZero = first!.nonZeros + (second?.nonZeros ?? 0);
      return {
        kind: 'bank',
        ...base,
        filters: 0,
        ternary: { hidden: second ? first!.rows : 0, filters: last.rows, nonZero },
      };
    }
    case 'depthwise': {
      const { window, x, rows } = step.layer;
      const stride = Math.max(...window.strides);
      return { kind: 'depthwise', ...area, channels: x.channels, filters: rows, kernel: window.kernel, stride };
    }
    case 'connected': {
      const { rows, columns, form, nonZeros } = step.matrix;
      const base = { kind: 'connected', ...area, channels: columns, kernel: [1, 1] } as const;
      if (form === 'plain') return { ...base, filters: rows };
      return { ...base, filters: 0, ternary: { hidden: 0, filters: rows, nonZero: nonZeros } };
    }
    case 'pool':
      return { kind: 'pool', ...area, channels, filters: 0, kernel: step.layer.window.kernel };
    case 'addition':
      return { kind: 'add', ...area, channels, filters: 0, kernel: [1, 1] };
    default:
      return undefined;
  }
}

/** Instructions and cycles of each step, without running any. */
export const predictProgram = (core: CoreName, { steps }: Program): { instructions: number; cycles: number }[] =>
  steps.map((step) => {
    const own = costOf(core, workOf(step, hasVectors(core)));
    if (step.kind !== 'convolution' || !step.sum) return own;
    const { channels, tensor } = step.y;
    const sum = costOf(core, additionWork(channels * tensor.height * tensor.width));
    return { instructions: own.instructions + sum.instructions, cycles: own.cycles + sum.cycles };
  });
