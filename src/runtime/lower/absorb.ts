/**
 * What a layer can do besides: nodes that follow it and that nothing else reads it for. Effects take place in the order
 * in which they are absorbed; what a layer cannot do in that order stays a layer of its own.
 *   affine    y = multipliers * y + biases, a value for each channel
 *   clamp     y = min(max(y, lower), upper)
 *   function  one of one number, where a table can hold it
 *   quantize  y = round(y / scale) + zeroPoint
 * A concatenation passes an effect on to all of its parts, or to none; an order of channels passes a quantization on.
 */

import type { UnaryFunction } from '../../ops/arithmetic/functions.ts';
import type { AffineLayer, BinaryLayer, Bounds, ConvLayer, Layer } from './layers.ts';
import { type Plane, pixelsOf, type Quantization, sameQuantization } from './operand.ts';

export type Effect =
  | { readonly kind: 'affine'; readonly multipliers: Float64Array; readonly biases: Float64Array }
  | { readonly kind: 'clamp'; readonly lower: number; readonly upper: number | Float32Array }
  | { readonly kind: 'function'; readonly function: UnaryFunction }
  | { readonly kind: 'quantize'; readonly quantization: Quantization };

/** The layer that writes a plane. */
export type Producers = ReadonlyMap<Plane, Layer>;

const isBounded = ({ lower, upper }: Bounds) => lower !== -Infinity || upper !== Infinity;

/** Concatenations of concatenations through which an effect is passed on. */
const maxDepth = 100;

export function canTake(producers: Producers, layer: Layer, effect: Effect, depth = 0): boolean {
  if (depth > maxDepth) return false;
  if ('quantization' in layer && layer.quantization) return false;
  switch (layer.kind) {
    case 'conv':
      if (effect.kind === 'quantize') return isIntegerConv(layer);
      if (effect.kind === 'affine') return !isBounded(layer);
      return effect.kind === 'clamp';
    case 'affine':
      if (effect.kind === 'affine') return !isBounded(layer);
      return effect.kind === 'clamp';
    case 'binary': {
      const { a, b, operator } = layer;
      if (effect.kind === 'clamp') return true;
      const isIntegerSum = operator === 'Add' && a.quantization && b.kind === 'activation' && b.quantization;
      return effect.kind === 'quantize' && Boolean(isIntegerSum) && isOneSize(layer) && typeof layer.upper === 'number';
    }
    case 'pool': {
      if (effect.kind !== 'quantize' || !layer.x.quantization) return false;
      return layer.method === 'average' || sameQuantization(layer.x.quantization, effect.quantization);
    }
    case 'unary':
      return effect.kind === 'function' || (effect.kind === 'quantize' && layer.x.quantization !== undefined);
    case 'concat': {
      const parts = layer.parts.map((part) => (part.isOnlyView ? producers.get(part.plane) : undefined));
      const cuts = cutEffect(layer.parts, effect);
      return parts.every((part, i) => part && canTake(producers, part, cuts[i]!, depth + 1));
    }
    case 'channels': {
      const before = layer.x.isOnlyView && !layer.x.quantization ? producers.get(layer.x.plane) : undefined;
      return effect.kind === 'quantize' && before !== undefined && canTake(producers, before, effect, depth + 1);
    }
    default:
      return false;
  }
}

const isOneSize = ({ a, b }: BinaryLayer) =>
  b.kind === 'activation' && a.plane.channels === b.plane.channels && pixelsOf(a.plane) === pixelsOf(b.plane);

/** Whether integers go in and a kernel for them is there; bounds that differ between channels it does not have. */
export function isIntegerConv({ x, weights, upper }: ConvLayer): boolean {
  return x.quantization !== undefined && weights.kind !== 'float32' && typeof upper === 'number';
}

export function take(producers: Producers, layer: Layer, effect: Effect): void {
  if (layer.kind === 'concat') {
    const cuts = cutEffect(layer.parts, effect);
    for (const [i, part] of layer.parts.entries()) take(producers, producers.get(part.plane)!, cuts[i]!);
    if (effect.kind === 'quantize') layer.y.type = 'int8';
    return;
  }
  if (layer.kind === 'channels') {
    take(producers, producers.get(layer.x.plane)!, effect);
    layer.y.type = 'int8';
    return;
  }
  switch (effect.kind) {
    case 'affine':
      if (layer.kind === 'conv' || layer.kind === 'affine') scale(layer, effect.multipliers, effect.biases);
      return;
    case 'clamp':
      if ('upper' in layer) Object.assign(layer, joinBounds(layer, effect));
      return;
    case 'function':
      if (layer.kind === 'unary') layer.functions.push(effect.function);
      return;
    case 'quantize':
      if (layer.kind === 'conv' || layer.kind === 'binary' || layer.kind === 'pool' || layer.kind === 'unary') {
        layer.quantization = effect.quantization;
        layer.y.type = 'int8';
      }
  }
}

function scale(layer: ConvLayer | AffineLayer, by: Float64Array, plus: Float64Array): void {
  const { multipliers, biases } = layer;
  layer.multipliers = multipliers ? multipliers.map((v, i) => v * by[i]!) : by.slice();
  layer.biases = biases.map((v, i) => v * by[i]! + plus[i]!);
  if (layer.kind === 'conv') delete layer.integerBiases;
}

const at = (bound: number | Float32Array, i: number) => (typeof bound === 'number' ? bound : bound[i]!);

/** clip(clip(x, a), b) = clip(x, c): the second interval cuts the bounds of the first one. */
export function joinBounds(a: Bounds, b: Bounds): Bounds {
  const lower = Math.max(a.lower, b.lower);
  if (typeof a.upper === 'number' && typeof b.upper === 'number') {
    const upper = Math.min(Math.max(a.upper, b.lower), b.upper);
    return { lower: Math.min(lower, upper), upper };
  }
  const length = (typeof a.upper === 'number' ? b.upper : a.upper) as Float32Array;
  const upper = Float32Array.from(length, (_, i) => Math.min(Math.max(at(a.upper, i), b.lower), at(b.upper, i)));
  return { lower, upper };
}

/** The parts of an effect that concern the parts of a concatenation. */
function cutEffect(parts: readonly { readonly plane: { readonly channels: number } }[], effect: Effect): Effect[] {
  let to = 0;
  return parts.map(({ plane }) => {
    const from = to;
    to += plane.channels;
    if (effect.kind === 'affine') {
      const { multipliers, biases } = effect;
      return { kind: 'affine', multipliers: multipliers.subarray(from, to), biases: biases.subarray(from, to) };
    }
    if (effect.kind === 'clamp' && typeof effect.upper !== 'number') {
      return { ...effect, upper: effect.upper.subarray(from, to) };
    }
    return effect;
  });
}
