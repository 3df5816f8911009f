/**
 * Moves the per-channel products s >= 0 behind ternary convolutions to where they cost nothing.
 * 1. Operators f with f(s x) = s f(x) per channel (ReLU, pooling) let the product through; Concat, Split and Flatten too,
 *    with the vector of factors filled up with ones, cut or repeated.
 * 2. When all ways from the product end in full-precision convolutions or Gemms, it goes into their input channels, so
 *    that no multiplication is left: W (s x) = (W s) x. It never goes into ternary weights.
 * 3. Otherwise it moves behind a global pool that is on its only way, where it has fewer elements to multiply.
 */

import { type Graph, isTernary, type Node, type Value } from '../ir/index.ts';
import { bypass, channelOp, channelsOf, insertAfter, soleReader } from './channels.ts';
import { inferShapes } from './infer-shapes.ts';
import { Linear } from './linear.ts';

const globalPools = new Set(['GlobalAveragePool', 'GlobalMaxPool']);
const homogeneous = new Set([
  ...globalPools,
  'AveragePool',
  'Dropout',
  'Identity',
  'LeakyRelu',
  'MaxPool',
  'PRelu',
  'Relu',
]);

/** Moves in place, refreshing types; true when something changed. */
export function moveScales(graph: Graph): boolean {
  inferShapes(graph);
  let changed = false;
  for (const node of [...graph.nodes]) {
    const op = channelOp(node);
    const linear = Linear.of(op?.x.producer);
    if (op?.op !== 'Mul' || !linear || !isTernary(linear.weight.constant!)) continue;
    if (soleReader(op.x) !== node || op.values.some((s) => s < 0)) continue;
    const { name } = node;
    const absorb = absorbersOf(node.output(), op.values);
    const pool = absorb ? undefined : poolBehind(node.output(), op.values);
    if (!absorb && !pool) continue;
    bypass(op);
    for (const apply of absorb ?? []) apply();
    if (pool) insertAfter(pool.value, 'Mul', pool.scale, name);
    changed = true;
  }
  return changed;
}

interface Scaled {
  readonly value: Value;
  readonly scale: Float64Array;
}

/** What is scaled when input `slot` of `node` is; undefined where the product does not pass. */
function passThrough(node: Node, slot: number, scale: Float64Array): Scaled[] | undefined {
  if (node.domain !== '') return undefined;
  if (homogeneous.has(node.op)) {
    const others = node.outputs.slice(1).some((o) => o && (o.uses.size > 0 || node.graph.outputs.includes(o)));
    return slot === 0 && !others ? [{ value: node.output(), scale }] : undefined;
  }
  if (node.op === 'Flatten') return flattened(node, scale);
  if (node.op !== 'Concat' && node.op !== 'Split') return undefined;
  const axis = node.int('axis', 0);
  const parts = (node.op === 'Concat' ? node.inputs : node.outputs) as Value[];
  const sizes = parts.map((v) => v && channelsOf(v));
  if ((axis < 0 ? axis + node.input(0).shape.length : axis) !== 1 || sizes.some((s) => s === undefined))
    return undefined;
  const starts = sizes.map((_, i) => sizes.slice(0, i).reduce((sum: number, s) => sum + s!, 0));
  if (node.op === 'Split') {
    return parts.map((value, i) => ({ value, scale: scale.slice(starts[i], starts[i]! + sizes[i]!) }));
  }
  const whole = new Float64Array(starts.at(-1)! + sizes.at(-1)!).fill(1);
  whole.set(scale, starts[slot]);
  return [{ value: node.output(), scale: whole }];
}

function flattened(node: Node, scale: Float64Array): Scaled[] | undefined {
  const features = channelsOf(node.output());
  if (node.int('axis', 1) !== 1 || features === undefined) return undefined;
  const each = features / scale.length;
  return [
    { value: node.output(), scale: Float64Array.from({ length: features }, (_, i) => scale[Math.floor(i / each)]!) },
  ];
}

/** How to take `scale` into everything that reads `value`, or undefined when something cannot. */
function absorbersOf(value: Value, scale: Float64Array): (() => void)[] | undefined {
  if (value.graph.outputs.includes(value)) return undefined;
  const found: (() => void)[] = [];
  for (const node of value.uses) {
    for (const [slot, input] of node.inputs.entries()) {
      if (input !== value) continue;
      const absorbers = absorbersAt(node, slot, scale);
      if (!absorbers) return undefined;
      found.push(...absorbers);
    }
  }
  return found;
}

function absorbersAt(node: Node, slot: number, scale: Float64Array): (() => void)[] | undefined {
  const linear = slot === 0 ? Linear.of(node) : undefined;
  if (linear) {
    const fits = linear.ownsWeight && linear.inputs === scale.length && !isTernary(linear.weight.constant!);
    return fits ? [() => linear.scaleInputs(scale)] : undefined;
  }
  const found = passThrough(node, slot, scale)?.map((s) => absorbersOf(s.value, s.scale));
  return found?.every((f) => f !== undefined) ? found.flat() : undefined;
}

/** The output of the first global pool on the only way from `value`. */
function poolBehind(value: Value, scale: Float64Array): Scaled | undefined {
  const reader = soleReader(value);
  const next = reader && passThrough(reader, reader.inputs.indexOf(value), scale);
  if (next?.length !== 1) return undefined;
  return globalPools.has(reader!.op) ? next[0] : poolBehind(next[0]!.value, next[0]!.scale);
}
