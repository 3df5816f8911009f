/**
 * A ternary weight network from a trained model, at the training effort of `tritbank compress`: what hybrid filter banks
 * are compared with. Every layer is ternary, with one threshold and scale per filter, and starts from the model's own
 * weights; stopped runs continue. Options have the meaning and the defaults that they have there:
 *
 *   npx tsx scripts/fine-tune-twn.ts MODEL.onnx --data DATA --out DIRECTORY [--data-dir DIRECTORY] [--epochs N]
 *     [--learning-rate X] [--batch-size N] [--threads N] [--seed N]
 */

import { parseArgs } from 'node:util';
import { measureCost } from '../src/cost/index.ts';
import { loadModel } from '../src/onnx/index.ts';
import { normalizeNetwork } from '../src/passes/index.ts';
import { applyPlan, makePlan } from '../src/quantize/index.ts';
import { defaultFineTune, fineTune } from '../src/train/index.ts';

const text = { type: 'string' } as const;
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    data: text,
    'data-dir': text,
    out: text,
    epochs: text,
    'learning-rate': text,
    'batch-size': text,
    threads: text,
    seed: text,
  },
});
const [model] = positionals;
const { data, out } = values;
if (!model || !data || !out) throw new Error('expected MODEL.onnx, --data and --out');

const numbers = {
  epochs: 'epochs',
  learningRate: 'learning-rate',
  batchSize: 'batch-size',
  threads: 'threads',
  seed: 'seed',
} as const;
const given = Object.entries(numbers).flatMap(([key, name]) => {
  const value = values[name];
  return value === undefined ? [] : [[key, Number(value)] as const];
});
const config = {
  ...defaultFineTune,
  ...Object.fromEntries(given),
  data,
  ...(values['data-dir'] !== undefined && { dataDir: values['data-dir'] }),
};
const base = normalizeNetwork(await loadModel(model));
const plan = makePlan(base, { method: 'twn', granularity: 'filter' });
const quantized = applyPlan(base, plan, config.seed);
const result = await fineTune({ base, plan, quantized }, config, {
  out,
  resume: true,
  command: `npx tsx scripts/fine-tune-twn.ts ${process.argv.slice(2).join(' ')}`,
  onProgress: ({ record }) => record && console.log(`epoch ${record.epoch}  top-1 ${(100 * record.top1).toFixed(2)} %`),
});
const { relative } = measureCost(await loadModel(result.model), { scheme: 'twn' });
console.log(
  `top-1 ${(100 * result.top1).toFixed(2)} %, size ${relative.size.toFixed(4)}, energy ${relative.energy.toFixed(4)}`,
);
