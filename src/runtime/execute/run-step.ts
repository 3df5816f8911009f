/** Runs one step, or one thread's share of it. Shares differ by at most the unit in which a step can be divided. */

import { type Kernels, parameterBytes } from '../kernels/kernels.ts';
import type { Step } from '../plan/steps.ts';
import { affine, binary, table, unary } from './loops.ts';
import { channels, dense, move, pad, softmax } from './moves.ts';

/** Share `index` of `count`. */
export interface Share {
  readonly index: number;
  readonly count: number;
}

export const whole: Share = { index: 0, count: 1 };

/** The part of 0 .. total - 1 that belongs to a share, in multiples of `unit`. */
export function rangeOf(total: number, unit: number, { index, count }: Share): readonly [from: number, to: number] {
  const units = Math.ceil(total / unit);
  const edge = (i: number) => Math.min(total, Math.floor((units * i) / count) * unit);
  return [edge(index), edge(index + 1)];
}

/** Pixels of a product, and elements of quantization, are divided in units of what kernels do at a time. */
const lanes = 32;

/** Scratch memory of a share that holds parameters only. */
const ownParameters = ({ scratch }: { readonly scratch: number }, { index }: Share) => scratch + index * parameterBytes;

export function runStep(kernels: Kernels, step: Step, share: Share): void {
  const { memory } = kernels;
  switch (step.run) {
    case 'product': {
      const { call, prepared } = step;
      const [from, to] = rangeOf(call.to, lanes, share);
      const scratch = call.scratch + share.index * prepared.scratch;
      if (from < to) kernels.product(prepared, share.count === 1 ? call : { ...call, from, to, scratch });
      return;
    }
    case 'depthwise': {
      const { call, scratchBytes } = step;
      const [from, to] = rangeOf(call.to, 1, share);
      const scratch = call.scratch + share.index * scratchBytes;
      if (from < to) kernels.depthwise(share.count === 1 ? call : { ...call, from, to, scratch });
      return;
    }
    case 'patches':
    case 'pool': {
      const [from, to] = rangeOf(step.call.to, 1, share);
      const scratch = ownParameters(step.call, share);
      if (from >= to) return;
      if (step.run === 'patches') kernels.patches({ ...step.call, from, to, scratch });
      else kernels.pool({ ...step.call, from, to, scratch });
      return;
    }
    case 'addInt8': {
      const { call } = step;
      const [from, to] = rangeOf(call.count, lanes, share);
      if (from >= to) return;
      const place = { a: call.a + from, b: call.b + from, y: call.y + from, scratch: ownParameters(call, share) };
      kernels.addInt8({ ...call, ...place, count: to - from });
      return;
    }
    case 'quantize':
    case 'dequantize': {
      const { call } = step;
      const [from, to] = rangeOf(call.count, lanes, share);
      if (from >= to) return;
      const isBack = step.run === 'dequantize';
      const [x, y] = [call.x + from * (isBack ? 1 : 4), call.y + from * (isBack ? 4 : 1)];
      kernels[step.run]({ ...call, x, y, count: to - from });
      return;
    }
    case 'affine':
      affine(memory, step.call, ...rangeOf(step.call.channels, 1, share));
      return;
    case 'unary':
      unary(memory, step.call, ...rangeOf(step.call.channels, 1, share));
      return;
    case 'table':
      table(memory, step.call, ...rangeOf(step.call.channels, 1, share));
      return;
    case 'binary':
      binary(memory, step.call, ...rangeOf(step.call.channels, 1, share));
      return;
    case 'channels':
      channels(memory, step.call, ...rangeOf(step.call.channels, 1, share));
      return;
    case 'pad':
      pad(memory, step.call, ...rangeOf(step.call.channels, 1, share));
      return;
    case 'move':
      if (share.index === 0) move(memory, step.call);
      return;
    case 'softmax':
      if (share.index === 0) softmax(memory, step.call);
      return;
    case 'dense':
      if (share.index === 0) dense(memory, step.call);
  }
}
