/**
 * Moves the per-channel products s >= 0 behind ternary convolutions to where they cost nothing.
 * 1. Operators f with f(s x) = s f(x) per channel (ReLU, pooling) let the product through; Concat, Split and Flatten too,
 *    with the vector of factors filled up with ones, cut or repeated.
 * 2. A Clip lets it through with other bounds: Clip(s x; l, h) = s Clip(x; l/s, h/s) for s > 0. Where the factors differ,
 *    the bounds do too, which Clip has no place for: s Min(Max(x, l/s), h/s), with Relu for Max where l = 0. That is as
 *    many comparisons as before.
 * 3. When all ways from the product end in full-precision convolutions or Gemms, it goes into their input channels, so
 *    that no multiplication is left: W (s x) = (W s) x. It never goes into ternary weights.
 * 4. Otherwise it moves behind a global pool that is on its only way, where it has fewer elements to multiply.
 * Left out: products in front of an Add of two tensors (residual connections), where the other one would need them too.
 */

import { type Graph, isTernary, type Node, scalar, type Value } from '../ir/index.ts';
import { Builder, traitsOf } from '../ops/index.ts';
import { bypass, channelConstant, channelOp, channelsOf, constantOf, insertAfter, soleReader } from './channels.ts';
import { inferShapes } from './infer-shapes.ts';
import { Linear } from './linear.ts';

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
    const absorbers = absorbersOf(node.output(), op.values);
    const pool = absorbers ? undefined : poolBehind(node.output(), op.values);
    const changes = absorbers ?? pool?.changes;
    if (!changes || changesOneClipTwice(changes)) continue;
    bypass(op);
    for (const { apply } of changes) apply();
    if (pool) insertAfter(pool.value, 'Mul', pool.scale, name);
    changed = true;
  }
  return changed;
}

/** What a node has to become for a product to go into it or through it. */
interface Change {
  readonly node: Node;
  readonly apply: () => void;
}

interface Scaled {
  readonly value: Value;
  readonly scale: Float64Array;
}

interface Passage {
  readonly outputs: readonly Scaled[];
  readonly changes: readonly Change[];
}

/** Two ways that join in a Concat could bring parts of one product to one Clip, one after the other. */
function changesOneClipTwice(changes: readonly Change[]): boolean {
  const clips = changes.filter((c) => c.node.op === 'Clip').map((c) => c.node);
  return new Set(clips).size < clips.length;
}

/** What is scaled when input `slot` of `node` is; undefined where the product does not pass. */
function passThrough(node: Node, slot: number, scale: Float64Array): Passage | undefined {
  if (node.domain !== '') return undefined;
  if (node.op === 'Clip') return slot === 0 ? clipped(node, scale) : undefined;
  const outputs = unchanged(node, slot, scale);
  return outputs && { outputs, changes: [] };
}

/** The same for nodes that stay as they are. */
function unchanged(node: Node, slot: number, scale: Float64Array): Scaled[] | undefined {
  if (traitsOf(node).homogeneous) {
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

/** A bound of a Clip, infinite where it has none, NaN where it is not constant. */
function boundOf(node: Node, slot: 1 | 2): number {
  if (!node.inputs[slot]) return slot === 1 ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  const tensor = constantOf(node.inputs[slot]);
  return tensor?.dtype === 'float32' ? (tensor.data as Float32Array)[0]! : Number.NaN;
}

const [smallestNormal, largestFloat] = [2 ** -126, 2 ** 128 - 2 ** 104];

/** Whether a quotient keeps its digits in float32; bounds that are infinite do. */
function isExact(quotient: number): boolean {
  const size = Math.abs(quotient);
  return size === 0 || size === Number.POSITIVE_INFINITY || (size >= smallestNormal && size <= largestFloat);
}

function clipped(node: Node, scale: Float64Array): Passage | undefined {
  const [low, high] = [boundOf(node, 1), boundOf(node, 2)];
  const [lower, upper] = [scale.map((s) => low / s), scale.map((s) => high / s)];
  if (!scale.every((s) => s > 0) || !lower.every(isExact) || !upper.every(isExact)) return undefined;
  const apply = scale.every((s) => s === scale[0])
    ? () => setBounds(node, [lower[0]!, upper[0]!])
    : () => boundChannels(node, lower, upper);
  return { outputs: [{ value: node.output(), scale }], changes: [{ node, apply }] };
}

function setBounds(node: Node, bounds: readonly [low: number, high: number]): void {
  for (const slot of [1, 2] as const) {
    const bound = bounds[slot - 1]!;
    if (bound === boundOf(node, slot)) continue;
    node.setInput(slot, node.graph.initializer(`${node.name}_${slot === 1 ? 'min' : 'max'}`, scalar(bound)));
  }
}

/** Replaces a Clip by Min(Max(x, lower), upper) with bounds per channel, as far as they are finite. */
function boundChannels(node: Node, lower: Float64Array, upper: Float64Array): void {
  const { graph, name } = node;
  const b = new Builder(graph, `${name}_`, node);
  const rank = node.input(0).shape.length;
  let x = node.input(0);
  if (lower.every((v) => v === 0)) x = b.relu(x);
  else if (lower.every(Number.isFinite)) x = b.max(x, channelConstant(graph, `${name}_minima`, lower, rank));
  if (upper.every(Number.isFinite)) x = b.min(x, channelConstant(graph, `${name}_maxima`, upper, rank));
  bypass({ node, x });
}

/** How to take `scale` into everything that reads `value`, or undefined when something cannot. */
function absorbersOf(value: Value, scale: Float64Array): Change[] | undefined {
  if (value.graph.outputs.includes(value)) return undefined;
  const found: Change[] = [];
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

function absorbersAt(node: Node, slot: number, scale: Float64Array): readonly Change[] | undefined {
  const linear = slot === 0 ? Linear.of(node) : undefined;
  if (linear) {
    const fits = linear.ownsWeight && linear.inputs === scale.length && !isTernary(linear.weight.constant!);
    return fits ? [{ node, apply: () => linear.scaleInputs(scale) }] : undefined;
  }
  const passage = passThrough(node, slot, scale);
  const found = passage?.outputs.map((s) => absorbersOf(s.value, s.scale));
  return found?.every((f) => f !== undefined) ? [...passage!.changes, ...found.flat()] : undefined;
}

/** The output of the first global pool on the only way from `value`, and what changes on that way. */
function poolBehind(value: Value, scale: Float64Array): (Scaled & Pick<Passage, 'changes'>) | undefined {
  const changes: Change[] = [];
  for (let at: Scaled = { value, scale }; ; ) {
    const reader = soleReader(at.value);
    const passage = reader && passThrough(reader, reader.inputs.indexOf(at.value), at.scale);
    const [next, ...others] = passage?.outputs ?? [];
    if (!next || others.length > 0) return undefined;
    if (traitsOf(reader!).pools === 'global') return { ...next, changes };
    changes.push(...passage!.changes);
    at = next;
  }
}
