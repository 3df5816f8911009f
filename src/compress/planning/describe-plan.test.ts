import { expect, it } from 'vitest';
import { NetworkBuilder } from '../../models/index.ts';
import { bankPlan } from '../../quantize/index.ts';
import { type LayerCandidates, untouched } from './candidate.ts';
import { describePlan } from './describe-plan.ts';
import { costCandidates } from './layer-costs.ts';
import { optimizePlan } from './optimize.ts';

function build() {
  const network = new NetworkBuilder('two', 1);
  let x = network.convBlock('stem', network.input(1, 6), { filters: 4, kernel: 3 });
  x = network.convBlock('dw', x, { filters: 4, kernel: 3, groups: 4 });
  return network.classifier(network.convBlock('pw', x, { filters: 6, kernel: 1 }), 3);
}

const layers: LayerCandidates[] = [
  { name: 'stem', candidates: [untouched] },
  {
    name: 'pw',
    candidates: [
      untouched,
      { plan: bankPlan(6, [1, 4], 5), loss: 0.25 },
      { plan: bankPlan(6, [1, 4], 5, 4), loss: 0.3 },
    ],
  },
  { name: 'classifier', candidates: [{ plan: bankPlan(3, [], 2), loss: 0.5 }] },
];
const costs = costCandidates(build(), layers);

it('says what was chosen, what it costs and what it is predicted to lose', async () => {
  const plan = describePlan('two.onnx', { multiplications: 0.9 }, costs, [0, 1, 0]);
  expect(plan.layers).toEqual({
    stem: { method: 'fp' },
    pw: { method: 'hybrid', fullPrecision: [1, 4], hidden: 5 },
    classifier: { method: 'strassen', fullPrecision: [], hidden: 2 },
  });
  const { relative, loss } = await optimizePlan(costs, { multiplications: 0.9 });
  expect(plan.predicted).toEqual({ ...relative, loss, losses: { stem: 0, pw: 0.25, classifier: 0.5 } });
  expect(loss).toBe(0.75);
  // MACs on 36 pixels: 9 x 4 in the stem, 9 x 4 in dw, 4 x 2 + 5 of 4 x 6 in pw, and 2 of 6 x 3 in the classifier
  expect(plan.predicted!.multiplications).toBe((36 * (36 + 36 + 13) + 2) / (36 * (36 + 36 + 24) + 18));
  const { accelerator, format } = plan.settings!;
  expect([accelerator, format]).toEqual(['paper', 'fp16']);
});

it('keeps the sparsity of a decomposition', () => {
  expect(describePlan('two.onnx', {}, costs, [0, 2, 0]).layers.pw).toMatchObject({ hidden: 5, sparsity: 4 });
});
