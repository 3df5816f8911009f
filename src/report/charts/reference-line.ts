/** A dashed vertical line with its name at the top: the size that a comparison has to be below. */

import * as Plot from '@observablehq/plot';
import { muted } from './draw.ts';

/** At `x`, in the chart's own units. */
export const referenceLine = (x: number, name: string): Plot.Markish[] => [
  Plot.ruleX([{ x }], { x: 'x', stroke: muted, strokeDasharray: '4,4', title: () => name }),
  Plot.text([{ x }], { x: 'x', text: () => name, frameAnchor: 'top', textAnchor: 'start', dx: 5, dy: 2, fill: muted }),
];
