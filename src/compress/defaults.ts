/** Defaults of compression that need nothing loaded; `compress-config.ts` adds how costs are counted. */

import { defaultFineTune } from '../train/fine-tune-config.ts';

const { seed: _seed, ...training } = defaultFineTune;

export const plainDefaults = {
  budget: {},
  accelerator: 'paper',
  activations: 'float',
  images: 256,
  method: 'train',
  init: 'decompose',
  training,
  seed: 1,
} as const;
