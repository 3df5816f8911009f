/** Where tensors and scratch lie in an arena, over the steps of a network. */

import * as Plot from '@observablehq/plot';
import type { MemoryBlock } from '../../export/c/memory.ts';
import { formatCount } from '../format.ts';
import type { Markup } from '../html.ts';
import { draw, figure, fullWidth, rule } from './draw.ts';

const kinds = {
  tensor: { name: 'tensors', color: 'var(--fp)' },
  scratch: { name: 'scratch of a step', color: 'var(--products)' },
} as const;

/** `names` are those of the steps; `bytes` are the arena's. */
export function drawMemoryMap(blocks: readonly MemoryBlock[], names: readonly string[], bytes: number): Markup {
  const rectangles = blocks.map(({ name, kind, offset, bytes: size, first, last }) => ({
    ...{ x1: first, x2: last + 1, y1: offset / 1024, y2: (offset + size) / 1024, color: kinds[kind].color },
    title:
      `${kind === 'tensor' ? name : `scratch of ${name}`}\n${formatCount(size)} bytes at ${formatCount(offset)}` +
      (first === last ? `, step ${first}` : `, steps ${first} (${names[first]}) to ${last} (${names[last]})`),
  }));
  const options: Plot.PlotOptions = {
    width: fullWidth,
    height: 300,
    marginLeft: 52,
    marginBottom: 40,
    x: { domain: [0, names.length], label: 'Step', labelAnchor: 'center', labelArrow: 'none', ticks: 10 },
    y: { domain: [0, bytes / 1024], label: 'Address (KB)', labelArrow: 'none', ticks: 5 },
    marks: [
      Plot.gridY({ stroke: rule, strokeOpacity: 1, ticks: 5 }),
      Plot.rect(rectangles, {
        ...{ x1: 'x1', x2: 'x2', y1: 'y1', y2: 'y2', fill: 'color', title: 'title' },
        ...{ stroke: 'var(--card)', strokeWidth: 0.75 },
      }),
      Plot.ruleY([0, bytes / 1024], { stroke: rule }),
    ],
  };
  const found = (['tensor', 'scratch'] as const).filter((kind) => blocks.some((block) => block.kind === kind));
  return figure({
    title: 'Arena over the steps',
    legend: found.map((kind) => kinds[kind]),
    body: draw('Blocks of the arena over the steps', options),
    note:
      'A block is wide as long as it is read, and high as it is large; layers that overwrite their input share its block. ' +
      'Input and scores lie outside.',
  });
}
