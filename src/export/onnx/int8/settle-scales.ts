/**
 * Scales of sums and averages. A runtime adds two tensors of integers, or averages one, in float32, in several roundings.
 * Machines of integers multiply by an integer and round once, which is the same unless some pair of integers, or some sum,
 * comes so close to the middle between two results that the roundings decide. With a slightly larger scale of the
 * result none does.
 */

import { findAverageMultiplier, findSumMultipliers } from '../../../accelerator/index.ts';
import { elementCount, type Graph, type Node, type Value } from '../../../ir/index.ts';
import { soleReader } from '../../../passes/channels.ts';
import { isMoving } from './choose.ts';
import type { Levels, TensorPlan } from './ranges.ts';
import { boundsOf } from './sources.ts';

/** Bits of the integers. */
const bits = 24;
/** Steps of one part in 2048, up to three percent. */
const tries = 64;
const step = 2 ** -11;

/** The tensor that a sum is rounded to. */
function roundedAs(node: Node, plans: ReadonlyMap<string, TensorPlan>): Value | undefined {
  let value = node.output();
  while (!plans.has(value.name)) {
    const reader = soleReader(value);
    if (!reader || !(boundsOf(reader) || isMoving(reader))) return undefined;
    value = reader.output();
  }
  return value;
}

const bounds = { lower: -128, upper: 127 } as const;

/**
 * Scales up the results of sums and averages until integers give them; those that never do are left as they are. `graph`
 * has shapes.
 */
export function settleScales(graph: Graph, plans: Map<string, TensorPlan>): void {
  for (const node of graph.nodes) {
    if (node.domain !== '') continue;
    const inputs = node.inputs.map((value) => value && plans.get(value.name)?.levels);
    const isGiven = givenBy(node, inputs);
    const y = isGiven && roundedAs(node, plans);
    const plan = y && plans.get(y.name);
    const levels = plan && settled(plan.levels, isGiven);
    if (levels) plans.set(y.name, { ...plan, levels });
  }
}

type IsGiven = (y: Levels) => boolean;

/** Whether integers give results with certain levels; undefined for nodes that are no sums or averages. */
function givenBy(node: Node, [a, b]: readonly (Levels | undefined)[]): IsGiven | undefined {
  if (node.op === 'Add' && a && b) {
    return (y) => {
      const scales = [a.scale, b.scale, y.scale] as const;
      const zeroPoints = [a.zero - 128, b.zero - 128, y.zero - 128] as const;
      return findSumMultipliers({ scales, zeroPoints, ...bounds }, bits) !== undefined;
    };
  }
  const taps = tapsOf(node);
  if (!a || taps === undefined) return undefined;
  return (y) => {
    const zeroPoints = { inputZeroPoint: a.zero - 128, zeroPoint: y.zero - 128 };
    return (
      findAverageMultiplier({ multiplier: Math.fround(a.scale / y.scale), ...zeroPoints }, taps, bits) !== undefined
    );
  };
}

/** Of how many pixels an average is, where all have as many; undefined for other nodes. */
function tapsOf(node: Node): number | undefined {
  if (node.op === 'AveragePool') {
    const isUnpadded =
      node.ints('pads', []).every((pad) => pad === 0) && node.string('auto_pad', 'NOTSET') === 'NOTSET';
    return isUnpadded ? elementCount(node.ints('kernel_shape', [])) : undefined;
  }
  const [, , ...window] = node.op === 'GlobalAveragePool' ? node.input(0).shape : [];
  const isFixed = window.length > 0 && window.every((size) => typeof size === 'number');
  return isFixed ? elementCount(window) : undefined;
}

function settled(y: Levels, isGiven: IsGiven): Levels | undefined {
  for (let i = 0; i < tries; i++) {
    const levels = { ...y, scale: Math.fround(y.scale * (1 + i * step)) };
    if (isGiven(levels)) return levels;
  }
  return undefined;
}
