/** Which engine works on which layer of which image, over time. */

import * as Plot from '@observablehq/plot';
import type { Timeline } from '../../accelerator/index.ts';
import { engineNames } from '../../hardware/layer-figures.ts';
import { formatCount } from '../format.ts';
import type { Markup } from '../html.ts';
import { draw, figure, fullWidth, rule } from './draw.ts';

const colors = ['var(--extra-1)', 'var(--extra-3)', 'var(--extra-2)', 'var(--extra-5)', 'var(--extra-4)'];

/** Images that are drawn: of a long stream the first ones look as all others do. */
const mostImages = 6;

export function drawTimeline({ spans }: Timeline, images: number): Markup {
  const engines = (['mac', 'adder'] as const).filter((engine) => spans[engine].length > 0);
  const bars = engines.flatMap((engine) =>
    spans[engine]
      .filter(({ image }) => image < mostImages)
      .map(({ name, image, start, end, times }) => ({
        ...{ engine: engineNames[engine], start, end, color: colors[image % colors.length]! },
        title: `${name}, image ${image + 1}: ${formatCount(end - start)} cycles from ${formatCount(start)} on, waited ${formatCount(times.wait)}`,
      })),
  );
  const shown = Math.min(images, mostImages);
  const x = { label: 'Cycle', labelAnchor: 'center', labelArrow: 'none' } as const;
  const plot: Plot.PlotOptions = {
    width: fullWidth,
    height: 60 + 44 * engines.length,
    marginLeft: 64,
    marginBottom: 40,
    x: { ...x, ticks: 6 },
    y: { domain: engines.map((engine) => engineNames[engine]), label: null, padding: 0.15 },
    marks: [
      Plot.gridX({ stroke: rule, strokeOpacity: 1, ticks: 6 }),
      Plot.barX(bars, {
        ...{ x1: 'start', x2: 'end', y: 'engine', fill: 'color', title: 'title' },
        ...{ stroke: 'var(--card)', strokeWidth: 0.5 },
      }),
    ],
  };
  const svg = draw('Layers on both engines over time', plot, { x: { ...x, ticks: 3 } });
  return figure({
    title: 'Timeline',
    legend: Array.from({ length: Math.min(shown, colors.length) }, (_, i) => ({
      name: `image ${i + 1}${i + colors.length < shown ? `, ${i + 1 + colors.length}` : ''}`,
      color: colors[i]!,
    })),
    body: svg,
    note: 'A bar is a layer of one image, or a task of it; where a row is empty, its lanes wait for the other engine.',
  });
}
