/** The graph of a network beside the rows of a table: a joint a row, results flow downwards, those that skip rows aside. */

import type { Joint } from '../workshop/wiring.ts';

/** One row of the drawing; lanes are counted from the left. */
export interface LaneRow {
  readonly own: number;
  /** Lanes that come in, and those that pass by. */
  readonly incoming: readonly number[];
  readonly passing: readonly number[];
  readonly isRead: boolean;
}

/** A lane for each result, from its row to that of its last reader. */
export function lanesOf(joints: readonly Joint[]): LaneRow[] {
  const lastReader = joints.map((_, i) => i);
  for (const [i, { from }] of joints.entries()) for (const source of from) lastReader[source] = i;
  const laneOf: number[] = [];
  /** Results under way, by lane. */
  const lanes: (number | undefined)[] = [];
  return joints.map(({ from }, i) => {
    const incoming = from.map((source) => laneOf[source]!);
    for (const [lane, source] of lanes.entries()) {
      if (source !== undefined && lastReader[source] === i) lanes[lane] = undefined;
    }
    const passing = lanes.flatMap((source, lane) => (source === undefined ? [] : [lane]));
    const free = lanes.indexOf(undefined);
    const own = free < 0 ? lanes.length : free;
    laneOf[i] = own;
    const isRead = lastReader[i]! > i;
    lanes[own] = isRead ? i : undefined;
    return { own, incoming, passing, isRead };
  });
}

const step = 12;
/** More lanes than these are drawn as one. */
const mostLanes = 8;
const at = (lane: number) => step * (Math.min(lane, mostLanes - 1) + 0.75);

export const laneWidth = (rows: readonly LaneRow[]): number =>
  at(Math.max(0, ...rows.map(({ own, passing }) => Math.max(own, ...passing)))) + 0.75 * step;

export function Lanes({
  row,
  colour,
  label,
}: {
  readonly row: LaneRow;
  readonly colour: string;
  readonly label: string;
}) {
  const { own, incoming, passing, isRead } = row;
  return (
    <svg class="lanes" role="img" aria-label={label}>
      {passing.map((lane) => (
        <line key={`passing ${lane}`} x1={at(lane)} y1="0" x2={at(lane)} y2="100%" />
      ))}
      {incoming.map((lane) => (
        <line key={`incoming ${lane}`} x1={at(lane)} y1="0" x2={at(own)} y2="50%" />
      ))}
      {isRead && <line x1={at(own)} y1="50%" x2={at(own)} y2="100%" />}
      <circle cx={at(own)} cy="50%" r="4" fill={colour} />
    </svg>
  );
}
