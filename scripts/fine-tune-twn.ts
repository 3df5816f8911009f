/**
 * A ternary weight network from a trained model, at the training effort of `tritbank compress`: what hybrid filter banks
 * are compared with. `npx tsx scripts/fine-tune-twn.ts MODEL.onnx DATA OUT [EPOCHS] [RATE] [THREADS]`: every layer ternary,
 * one threshold and scale per filter, initialised from the model's own weights.
 */

import { measureCost } from '../src/cost/index.ts';
import { loadModel } from '../src/onnx/index.ts';
import { normalizeNetwork } from '../src/passes/index.ts';
import { applyPlan, makePlan } from '../src/quantize/index.ts';
import { defaultFineTune, fineTune } from '../src/train/index.ts';

const [model, data, out, epochs = '5', rate = '0.01', threads] = process.argv.slice(2);
if (!model || !data || !out) throw new Error('usage: fine-tune-twn.ts MODEL.onnx DATA OUT [EPOCHS] [RATE] [THREADS]');
const base = normalizeNetwork(await loadModel(model));
const plan = makePlan(base, { method: 'twn', granularity: 'filter' });
const quantized = applyPlan(base, plan, defaultFineTune.seed);
const effort = { epochs: Number(epochs), learningRate: Number(rate), ...(threads && { threads: Number(threads) }) };
const result = await fineTune(
  { base, plan, quantized },
  { ...defaultFineTune, ...effort, data },
  {
    out,
    resume: true,
    command: ['npx tsx', ...process.argv.slice(1)].join(' '),
    onProgress: ({ record }) =>
      record && console.log(`epoch ${record.epoch}  top-1 ${(100 * record.top1).toFixed(2)} %`),
  },
);
const { relative } = measureCost(await loadModel(result.model), { scheme: 'twn' });
console.log(
  `top-1 ${(100 * result.top1).toFixed(2)} %, size ${relative.size.toFixed(4)}, energy ${relative.energy.toFixed(4)}`,
);
