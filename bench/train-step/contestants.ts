/** Who takes part: how each one is started, and how much of the work it gets. */

import { fileURLToPath } from 'node:url';
import { Child } from '../child.ts';
import type { Task } from './task.ts';

export interface Contestant {
  readonly name: string;
  readonly start: (task: Task) => Child;
  /** At most this much, for a contestant that would otherwise take an hour. */
  readonly limits?: { readonly batch: number; readonly steps: number; readonly rounds: number };
}

const fileAt = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** A TypeScript process under the same loader as this one. */
const node = (path: string, ...args: string[]) =>
  new Child(process.execPath, [...process.execArgv, fileAt(path), ...args]);

const python = (path: string, ...args: string[]) =>
  new Child(process.env.PYTHON ?? '/usr/bin/python3', [fileAt(path), ...args]);

export const ours: Contestant = { name: 'Tritbank', start: (task) => node('ours.ts', JSON.stringify(task)) };

const torch = (format: 'channels-last' | 'nchw'): Contestant => ({
  name: `PyTorch ${format}`,
  start: (task) => python('../peers/train_step.py', JSON.stringify(task), format),
});

const tensorflow = (backend: 'cpu' | 'wasm'): Contestant => ({
  name: `TensorFlow.js ${backend}`,
  start: (task) => node('../peers/train-step-tfjs.ts', JSON.stringify(task), backend),
  // The plain JavaScript backend takes a second and more for one image; its rate hardly depends on the batch.
  ...(backend === 'cpu' ? { limits: { batch: 2, steps: 1, rounds: 2 } } : {}),
});

export const peers: readonly Contestant[] = [
  torch('channels-last'),
  torch('nchw'),
  tensorflow('cpu'),
  tensorflow('wasm'),
];
