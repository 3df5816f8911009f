import { expect, test } from 'vitest';
import { drawnIntegerNetwork } from '../../test/integer-networks.ts';
import { compileNetwork, defaultArray, macArray, timelineOf } from '../accelerator/index.ts';
import { layerFigures } from '../hardware/layer-figures.ts';
import { renderSimulatePage } from './simulate-page.ts';
import { printLayers } from './simulate-text.ts';

function pageOf(array: typeof defaultArray, busy: { mac: number; adder?: number }) {
  const compiled = compileNetwork(drawnIntegerNetwork(1), array);
  const timeline = timelineOf(compiled);
  const layers = layerFigures(compiled, timeline);
  const about = { title: 'A network', generatedBy: 'a test', command: 'simulate', date: '2026-01-01T00:00:00Z' };
  const known = { arrayName: 'an array', array, timeline, layers, busy, verdict: 'not run' };
  return { page: renderSimulatePage({ ...about, ...known }), layers, timeline };
}

test('a bar for each instruction, a dot for each layer that computes, a row for each layer', () => {
  const { page, layers, timeline } = pageOf({ ...defaultArray, lanes: 8, images: 2 }, { mac: 0.5, adder: 0.25 });
  // charts are drawn for wide and for narrow screens
  const bars = timeline.spans.mac.length + timeline.spans.adder.length;
  expect(page.match(/<title>[^<]*, image [12]: /g)).toHaveLength(2 * bars);
  const dots = layers.filter(({ operations }) => operations > 0).length;
  expect(page.match(/<title>[^<]* operations a cycle, /g)).toHaveLength(2 * dots);
  for (const { name } of layers) expect(page).toContain(`<th scope="row">${name}</th>`);
  expect(page).toContain('Adders at work');
  expect(printLayers(layers).split('\n')).toHaveLength(2 + layers.length);
});

test('an array of MACs only has no adders on its page', () => {
  const { page } = pageOf({ ...macArray, lanes: 8, images: 1 }, { mac: 0.5 });
  expect(page).not.toContain('Adders at work');
  expect(page).not.toContain('additions of non-zeros');
});
