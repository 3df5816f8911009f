import { expect, it } from 'vitest';
import type { PlanFile } from '../cost/plan-file.ts';
import { describeTarget, renderTarget } from './compress-target.ts';

const plan: PlanFile = {
  version: 2,
  model: 'network.onnx',
  target: {
    name: 'cortex-m4',
    limits: { instructions: 0.9, flash: '256K' },
    totals: {
      instructions: { predicted: 1_234_567, control: 2_469_134 },
      flash: { predicted: 153_600, control: 307_200 },
      ram: { predicted: 2048, control: 2048 },
    },
    resources: ['instructions', 'flash'],
    layers: {
      conv: { predicted: [1000, 2.5], control: [2000, 8000] },
      fc: { predicted: [500, 100], control: [500, 100] },
    },
  },
  layers: {},
};
const target = { name: 'cortex-m4', model: { flash: 163_840 }, control: { flash: 327_680 } };

it('is a line for each figure, with what was measured and asked for', () => {
  expect(describeTarget({ plan, target })).toEqual([
    {
      term: 'target cortex-m4',
      texts: [
        "instructions: 1,234,567 (0.500 of int8's) planned, at most 0.9",
        "flash: 150.0 KB (0.500 of int8's) planned, 160.0 KB (0.500 of int8's) of the file, at most 256K",
        "ram: 2.0 KB (1.000 of int8's) planned",
      ],
    },
  ]);
  const { target: _target, ...plain } = plan;
  expect(describeTarget({ plan: plain })).toEqual([]);
});

it('is tables of figures and of layers on the page', () => {
  const text = renderTarget({ plan, target })!
    .text.replace(/<[^>]+>/g, ' ')
    .replace(/\s+/g, ' ');
  expect(text).toContain('instructions ≤ 0.9 1,234,567 2,469,134 0.500 – –');
  expect(text).toContain('flash ≤ 256K 150.0 KB 300.0 KB 0.500 160.0 KB 0.500');
  expect(text).toContain('conv 1,000 2,000 2.500 8,000');
  expect(text).toContain('planned layers 1,500 2,500 103 8,100');
  const { target: _target, ...plain } = plan;
  expect(renderTarget({ plan: plain })).toBeUndefined();
});
