/**
 * What compression is compared with, made from the same model by the same training:
 *
 *   twn   a ternary weight network (Li & Liu, arXiv 1605.04711): every layer is ternary, starts from the model's own
 *         weights, and learns from the model
 *   fp    the model itself, trained further in full precision: a warm restart (Loshchilov & Hutter, arXiv 1608.03983);
 *         with distillation it learns from what it was before (born-again networks: Furlanello et al., arXiv 1805.04770),
 *         or from other models
 */

import { adaptInput } from '../classifier/index.ts';
import { loadModel } from '../formats/index.ts';
import { freeBatch, normalizeNetwork } from '../passes/index.ts';
import { applyPlan, type Granularity, makePlan } from '../quantize/index.ts';
import type { RunOptions } from './context.ts';
import { fineTune } from './fine-tune.ts';
import { defaultFineTune, type FineTuneConfig } from './fine-tune-config.ts';
import type { RunResult } from './records.ts';
import { refuseTernary } from './refuse-ternary.ts';

export interface FineTuneModelConfig extends FineTuneConfig {
  /** An ONNX file. */
  readonly model: string;
  readonly method: 'fp' | 'twn';
  /** `twn`: one threshold and scale per tensor or per filter. */
  readonly granularity: Granularity;
}

const { distillation: _distillation, ...plain } = defaultFineTune;

/** Without distillation where the method is `fp`: what a model says of itself teaches it nothing at first. */
export const fineTuneDefaults = (method: FineTuneModelConfig['method']) => ({
  ...(method === 'fp' ? plain : defaultFineTune),
  method,
  granularity: 'filter' as const,
});

/**
 * Trains the model and leaves the files of `trainGraph` in `options.out`; throws what `fineTune` throws.
 *
 * @example
 * import { defaultCompress, fineTuneModel } from 'tritbank';
 *
 * const config = { ...defaultCompress.training, data: 'images', epochs: 1, seed: 1 };
 * const twn = { model: 'mobilenet.onnx', method: 'twn', granularity: 'filter' } as const;
 * const { top1, bytes, bytes16 } = await fineTuneModel({ ...config, ...twn }, { out: 'runs/twn' });
 * console.log(top1, bytes / bytes16);
 */
export async function fineTuneModel(config: FineTuneModelConfig, options: RunOptions): Promise<RunResult> {
  const { model, method, granularity } = config;
  const loaded = adaptInput(await loadModel(model), config, options.warn);
  refuseTernary(loaded);
  const base = normalizeNetwork(loaded);
  freeBatch(base);
  const plan = makePlan(base, { method, granularity });
  return fineTune({ plan, network: applyPlan(base, plan, config.seed) }, config, { ...options, inputs: [model] });
}
