/** A dashed vertical line with its name at the top: the size that a comparison has to be below. */

import * as Plot from '@observablehq/plot';
import { muted } from './draw.ts';

/** At `x`, in the chart's own units; its name is on the side where the chart, from `low` to `high`, has more room. */
export function referenceLine(x: number, name: string, [low, high]: readonly [number, number]): Plot.Markish[] {
  const isLeft = x - low > high - x;
  return [
    Plot.ruleX([{ x }], { x: 'x', stroke: muted, strokeDasharray: '4,4', title: () => name }),
    Plot.text([{ x }], {
      x: 'x',
      text: () => name,
      frameAnchor: 'top',
      textAnchor: isLeft ? 'end' : 'start',
      dx: isLeft ? -5 : 5,
      dy: 2,
      fill: muted,
    }),
  ];
}
