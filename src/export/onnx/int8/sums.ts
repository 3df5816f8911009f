/**
 * Scales of sums. A runtime adds two tensors of integers in float32, in several roundings. Machines of integers multiply
 * each operand by an integer and round once, which is the same unless some pair of integers comes so close to the middle
 * between two results that the roundings decide. With a slightly larger scale of the result none does.
 */

import { findSumMultipliers } from '../../../accelerator/index.ts';
import type { Graph, Node, Value } from '../../../ir/index.ts';
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

/** Scales up the results of sums until integers give them; those that never do are left as they are. */
export function settleSums(graph: Graph, plans: Map<string, TensorPlan>): void {
  for (const node of graph.nodes) {
    if (node.op !== 'Add' || node.domain !== '') continue;
    const [a, b] = node.inputs.map((value) => value && plans.get(value.name)?.levels);
    const y = roundedAs(node, plans);
    const plan = y && plans.get(y.name);
    if (!a || !b || !plan) continue;
    const levels = settled(a, b, plan.levels);
    if (levels) plans.set(y.name, { ...plan, levels });
  }
}

function settled(a: Levels, b: Levels, y: Levels): Levels | undefined {
  for (let i = 0; i < tries; i++) {
    const scale = Math.fround(y.scale * (1 + i * step));
    const sum = { scales: [a.scale, b.scale, scale], zeroPoints: [a.zero - 128, b.zero - 128, y.zero - 128] } as const;
    if (findSumMultipliers({ ...sum, ...bounds }, bits)) return { ...y, scale };
  }
  return undefined;
}
