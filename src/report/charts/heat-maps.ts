/** The heat maps of all layers of an analysis, with one scale of colours. */

import type { Analysis } from '../../compress/sensitivity.ts';
import { shownRatios } from '../analysis-columns.ts';
import { formatResidual, formatSetting } from '../format.ts';
import { html, type Markup } from '../html.ts';
import { figure } from './draw.ts';
import { drawHeatMap, leastShown } from './heat-map.ts';
import { makeRamp } from './ramp.ts';

/** Style rules that a page with these maps needs. */
export const heatRules = `
.heats { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 300px), 1fr)); gap: 18px 26px; }
.heat h4 { margin: 0 0 5px; font-size: 13px; font-weight: 600; overflow-wrap: anywhere; }
.heat svg { display: block; width: 100%; height: auto; color: var(--muted); }
`;

export function drawHeatMaps(analysis: Analysis): Markup {
  const { layers, ratios } = analysis;
  const order = shownRatios(analysis)[0]!;
  const ramp = makeRamp([Math.log10(leastShown), 0]);
  const maps = layers.map((layer) => drawHeatMap({ layer, ratios, order, ramp, formatResidual }));
  return figure({
    title: 'Residual of each filter at each width ratio',
    note:
      'A column is a filter, a row a width ratio (hidden units per filter). Filters are in the order of their residuals at ' +
      `width ratio ${formatSetting(ratios[order]!)}: where colours run steeply from left to right, a few filters in full ` +
      'precision save much.',
    key: ramp.key('Residual', (log) => (log === 0 ? '1' : `${formatSetting(10 ** log)} or less`)),
    body: html`<div class="heats">${maps}</div>`,
  });
}
