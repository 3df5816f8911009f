/**
 * What `tritbank compress` is compared with, made from the same model by the same training:
 *
 * - `--method twn`: a ternary weight network. Every layer is ternary, with one threshold and scale per filter, starts from the
 *   model's own weights, and learns from the model.
 * - `--method fp`: the model itself, trained further in full precision: a warm restart (Loshchilov & Hutter, arXiv 1608.03983). With
 *   --distill-weight or --distill-mirror it learns from what it was before (born-again networks: Furlanello et al., arXiv 1805.04770);
 *   with --teacher, once or more often, from other models, which take turns.
 *
 * Stopped runs continue. Options have the meaning and the defaults that they have in `tritbank compress` and `tritbank train`:
 *
 *   npx tsx scripts/fine-tune.ts MODEL.onnx --method fp|twn --data DATA --out DIRECTORY [--data-dir DIRECTORY] [--epochs N]
 *     [--learning-rate X] [--weight-decay X] [--batch-size N] [--ema X] [--mixup X] [--cutmix X] [--padding zero|reflect]
 *     [--distill-weight X] [--distill-mirror] [--teacher MODEL.onnx]... [--threads N] [--seed N]
 */

import { parseArgs } from 'node:util';
import { measureCost } from '../src/cost/index.ts';
import { paddings } from '../src/data/index.ts';
import { loadModel } from '../src/onnx/index.ts';
import { normalizeNetwork } from '../src/passes/index.ts';
import { applyPlan, makePlan } from '../src/quantize/index.ts';
import { defaultFineTune, fineTune } from '../src/train/index.ts';

const text = { type: 'string' } as const;
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    method: text,
    data: text,
    'data-dir': text,
    out: text,
    epochs: text,
    'learning-rate': text,
    'weight-decay': text,
    'batch-size': text,
    ema: text,
    mixup: text,
    cutmix: text,
    padding: text,
    'distill-weight': text,
    'distill-mirror': { type: 'boolean' },
    teacher: { type: 'string', multiple: true },
    threads: text,
    seed: text,
  },
});
const [model] = positionals;
const { data, out, method } = values;
const padding = paddings.find((name) => name === values.padding);
if (values.padding !== undefined && !padding) {
  throw new Error(`--padding: expected one of ${paddings.join(', ')}, found '${values.padding}'`);
}
if (!model || !data || !out || (method !== 'fp' && method !== 'twn')) {
  throw new Error('expected MODEL.onnx, --method fp or twn, --data and --out');
}

const numbers = {
  epochs: 'epochs',
  learningRate: 'learning-rate',
  batchSize: 'batch-size',
  emaDecay: 'ema',
  mixup: 'mixup',
  cutmix: 'cutmix',
  threads: 'threads',
  seed: 'seed',
} as const;
const given = Object.entries(numbers).flatMap(([key, name]) => {
  const value = values[name];
  return value === undefined ? [] : [[key, Number(value)] as const];
});
const { distillation, ...recipe } = defaultFineTune;
const weight = values['distill-weight'];
const config = {
  ...recipe,
  ...(distillation &&
    (method === 'twn' || weight !== undefined || values['distill-mirror'] || values.teacher) && {
      distillation: {
        ...distillation,
        ...(weight !== undefined && { weight: Number(weight) }),
        ...(values['distill-mirror'] && { mirror: true }),
      },
    }),
  ...Object.fromEntries(given),
  ...(values.teacher && { teachers: values.teacher }),
  ...(padding && { padding }),
  ...(values['weight-decay'] !== undefined && {
    optimizer: { ...recipe.optimizer, weightDecay: Number(values['weight-decay']) },
  }),
  data,
  ...(values['data-dir'] !== undefined && { dataDir: values['data-dir'] }),
};
const base = normalizeNetwork(await loadModel(model));
const plan = makePlan(base, { method, granularity: 'filter' });
const result = await fineTune({ plan, network: applyPlan(base, plan, config.seed) }, config, {
  out,
  resume: true,
  command: `npx tsx scripts/fine-tune.ts ${process.argv.slice(2).join(' ')}`,
  onProgress: ({ record }) => record && console.log(`epoch ${record.epoch}  top-1 ${(100 * record.top1).toFixed(2)} %`),
});
const { relative } = measureCost(await loadModel(result.model), { scheme: method });
console.log(
  `top-1 ${(100 * result.top1).toFixed(2)} %, size ${relative.size.toFixed(4)}, energy ${relative.energy.toFixed(4)}`,
);
