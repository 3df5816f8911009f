/** Pages about arrays and about plans for a target, with the longest words that they have. */

import { compileNetwork, defaultArray, macArray, timelineOf } from '../../src/accelerator/index.ts';
import type { ExploredArray } from '../../src/hardware/explore.ts';
import { layerFigures } from '../../src/hardware/layer-figures.ts';
import { renderExplorePage } from '../../src/report/explore-page.ts';
import { renderSimulatePage } from '../../src/report/simulate-page.ts';
import { drawnIntegerNetwork } from '../integer-networks.ts';
import { result } from './compress-records.ts';

const about = {
  title: 'Arrays for a_network_with_a_name_that_no_narrow_screen_can_hold.onnx',
  ...{ generatedBy: 'Tritbank', command: 'tritbank hardware', date: '2026-01-31T12:00:00Z' },
};

const explored = (name: string, cycles: number, more: Partial<ExploredArray> = {}): ExploredArray => ({
  ...{ name, array: defaultArray, cycles, busy: { mac: 0.9123, adder: 0.4567 }, area: 3e9 / cycles },
  ...{ areaWithMemory: 6e9 / cycles, throughput: 5e7 / cycles, throughputPerArea: 0.0123, energy: 1234.56 },
  ...{ isInBudget: true, isPareto: true, clockLimit: 60 },
  ...more,
});

export function makeExplorePage(): string {
  const arrays = [
    explored('64 MACs, 16 adders of 8 inputs, lists of 12 bits', 1_234_567),
    explored('128 MACs, 32 adders of 16 inputs, trits', 234_567, { isInBudget: false, isPareto: false }),
    explored('control: 64 x 4 MACs', 2_345_678, { array: macArray, isControl: true, isPareto: false }),
  ];
  const refused = [{ name: '1 MAC, no adder', reason: 'expected adders for ternary layers, found none' }];
  const exploration = { library: 'sky130', arrays, fastest: arrays[1]!, densest: arrays[0]!, refused };
  return renderExplorePage({ ...about, exploration, budget: 1e4, clockMHz: 50 });
}

export function makeSimulatePage(): string {
  const array = { ...defaultArray, lanes: 8, images: 2 };
  const compiled = compileNetwork(drawnIntegerNetwork(1), array);
  const timeline = timelineOf(compiled);
  const layers = layerFigures(compiled, timeline);
  const known = { arrayName: 'an array of 8 lanes', array, timeline, layers, busy: { mac: 0.5, adder: 0.25 } };
  return renderSimulatePage({ ...about, ...known, verdict: 'equal to the integer network on 16 images' });
}

const layer = { predicted: [1_234_567, 2048.5], control: [2_345_678, 8192] };
const names = result.plan ? Object.keys(result.plan.layers) : [];

/** The records of a compression, as one whose plan was made for a core. */
export const targeted: typeof result = {
  ...result,
  plan: {
    ...result.plan,
    target: {
      name: 'cortex-m4',
      limits: { instructions: 0.9, flash: '256K' },
      totals: {
        instructions: { predicted: 1_234_567, control: 2_469_134 },
        flash: { predicted: 153_600, control: 307_200 },
        ram: { predicted: 2048, control: 2048 },
      },
      resources: ['instructions', 'flash'],
      layers: Object.fromEntries([...names, 'features.13.conv.0.0.pointwise'].map((name) => [name, layer])),
    },
  },
  target: { name: 'cortex-m4', model: { flash: 163_840 }, control: { flash: 327_680 } },
};
