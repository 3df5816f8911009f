/** Layers down the left side of a chart, one row each: shared by the charts that have one. */

import { axisY, type Markish, type PlotOptions } from '@observablehq/plot';
import { shorten } from '../format.ts';
import { muted } from './draw.ts';

/** What a chart with a row a layer takes over into its plot. */
export interface LayerAxis {
  /** Room for the names. */
  readonly marginLeft: number;
  readonly y: NonNullable<PlotOptions['y']>;
  readonly mark: Markish;
}

/** Pixels of a layer's row. */
export const rowHeight = 17;

/** Rows are known by the layers' names, which have to be different, or by `keys`; names have so many characters at most. */
export function layerAxis(
  names: readonly string[],
  keys: readonly (string | number)[] = names,
  longest = 28,
): LayerAxis {
  const labels = new Map(keys.map((key, i) => [key, shorten(names[i]!, longest)]));
  const whole = new Map(keys.map((key, i) => [key, names[i]!]));
  return {
    marginLeft: 16 + 6.8 * [...labels.values()].reduce((longest, text) => Math.max(longest, [...text].length), 0),
    y: { domain: keys, label: null, padding: 0.2 },
    mark: axisY({
      anchor: 'left',
      tickSize: 0,
      color: muted,
      tickFormat: (key: string | number) => labels.get(key) ?? `${key}`,
      // names that are cut
      title: (key: string | number) => whole.get(key) ?? `${key}`,
    }),
  };
}
