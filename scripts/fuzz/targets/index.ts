/** All that is fuzzed, by name; each is loaded in the processes that try it only. */

import type { Target } from '../target.ts';

export const targets: Readonly<Record<string, () => Promise<Target>>> = {
  models: async () => (await import('./models.ts')).models,
  attributes: async () => (await import('./attributes.ts')).attributes,
  tflite: async () => (await import('./formats.ts')).tflite,
  tfjs: async () => (await import('./formats.ts')).tfjs,
  external: async () => (await import('./external.ts')).external,
  idx: async () => (await import('./data.ts')).idx,
  cifar: async () => (await import('./data.ts')).cifar,
  safetensors: async () => (await import('./texts.ts')).safetensors,
  plan: async () => (await import('./texts.ts')).plans,
  accelerator: async () => (await import('./texts.ts')).accelerators,
  config: async () => (await import('./texts.ts')).config,
  labels: async () => (await import('./texts.ts')).labels,
  browser: async () => (await import('./browser.ts')).browser,
};
