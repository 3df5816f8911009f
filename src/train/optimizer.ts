/**
 * Optimizers as subgraphs: from a parameter, its gradient and its state to their successors. The learning rate (and
 * Adam's step count) are graph inputs, so that a schedule needs no new graph.
 */

import { f32, type Tensor, type Value } from '../ir/index.ts';
import type { Builder } from '../ops/index.ts';

export type OptimizerOptions =
  | { readonly name: 'sgd'; readonly momentum: number; readonly nesterov: boolean; readonly weightDecay: number }
  | {
      readonly name: 'adamw';
      readonly beta1: number;
      readonly beta2: number;
      readonly epsilon: number;
      readonly weightDecay: number;
    };

/** Graph inputs that optimizers read: both float32 scalars. `step` counts from 1. */
export interface Clock {
  readonly learningRate: Value;
  readonly step: Value;
}

export interface Update {
  readonly parameter: Value;
  readonly gradient: Value;
  /** Whether weight decay acts on this parameter. */
  readonly decay: boolean;
  /** State tensors of this parameter, in the order of `stateNames`. */
  readonly state: readonly Value[];
}

/** Names of the state tensors that each parameter needs, all of the parameter's shape and zero at first. */
export function stateNames(options: OptimizerOptions): readonly string[] {
  return options.name === 'sgd' ? ['momentum'] : ['moment1', 'moment2'];
}

export const initialState = (parameter: Tensor): Tensor => f32(parameter.dims);

/** Emits one parameter's update; returns the new parameter and the new state. */
export function emitUpdate(
  b: Builder,
  options: OptimizerOptions,
  update: Update,
  clock: Clock,
): { parameter: Value; state: Value[] } {
  return options.name === 'sgd' ? sgd(b, options, update, clock) : adamw(b, options, update, clock);
}

/** g = gradient + decay p,  v' = momentum v + g,  p' = p - lr (g + momentum v')  or  p - lr v'  without Nesterov. */
function sgd(
  b: Builder,
  { momentum, nesterov, weightDecay }: Extract<OptimizerOptions, { name: 'sgd' }>,
  { parameter, gradient, decay, state }: Update,
  { learningRate }: Clock,
) {
  const g = decay && weightDecay > 0 ? b.add(gradient, b.mul(parameter, weightDecay)) : gradient;
  const v = b.add(b.mul(state[0]!, momentum), g);
  const direction = nesterov ? b.add(g, b.mul(v, momentum)) : v;
  return { parameter: b.sub(parameter, b.mul(direction, learningRate)), state: [v] };
}

/** Loshchilov & Hutter, arXiv 1711.05101: Adam with bias correction, decay outside of the moments. */
function adamw(
  b: Builder,
  { beta1, beta2, epsilon, weightDecay }: Extract<OptimizerOptions, { name: 'adamw' }>,
  { parameter, gradient, decay, state }: Update,
  { learningRate, step }: Clock,
) {
  const m = b.add(b.mul(state[0]!, beta1), b.mul(gradient, 1 - beta1));
  const v = b.add(b.mul(state[1]!, beta2), b.mul(b.mul(gradient, gradient), 1 - beta2));
  const unbias = (x: Value, beta: number) => b.div(x, b.sub(1, b.pow(beta, step)));
  const direction = b.div(unbias(m, beta1), b.add(b.sqrt(unbias(v, beta2)), epsilon));
  const decayed = decay && weightDecay > 0 ? b.add(direction, b.mul(parameter, weightDecay)) : direction;
  return { parameter: b.sub(parameter, b.mul(decayed, learningRate)), state: [m, v] };
}
