/** What hybrid filter banks would gain on an accelerator of one's own, described in a few numbers. */

// Elsewhere: from 'tritbank'.
import { applyPlan, buildNetwork, deploy, loadAccelerator, makePlan, measureCost, toFrozen } from '../src/index.ts';

const shape = { width: 0.5, inputSize: 224, channels: 3, classes: 1000, firstStride: 2, seed: 1 } as const;
const network = buildNetwork('mobilenet-v1', shape);
const plan = makePlan(network, { method: 'hybrid', alpha: 0.5, widthRatio: 1.25 });
const hybrid = deploy(toFrozen(applyPlan(network, plan, 1), new Map()), new Map());

const paper = loadAccelerator('paper');
const { mac, multiplication, addition } = paper.formats.fp16!;
// An adder of 2,000 transistors beside a 16-bit MAC unit of 17,100; energies as in the paper.
const fp16 = {
  bytes: 2,
  mac: { energy: mac.energy, area: 17_100 },
  multiplication: { energy: multiplication.energy, area: 17_100 },
  addition: { energy: addition.energy, area: 2_000 },
};
const own = { ...paper, name: 'transistors', units: { energy: 'MAC', area: 'transistors' }, formats: { fp16 } };

for (const accelerator of [paper, own]) {
  const { relative } = measureCost(hybrid, { accelerator });
  console.log(accelerator.name, relative.energy.toFixed(3), relative.throughput.toFixed(3));
}
