/**
 * `checkpoint.safetensors`: all state of a program (parameters, optimizer, running and weight averages), the latent
 * state at the moment of freezing (from which the frozen network is rebuilt), and the position in the run. Random
 * numbers need no state: they are keyed by seed, epoch and sample.
 */

import { existsSync } from 'node:fs';
import { mostFileBytes, readBounded, writeFileAtomic } from '../files/index.ts';
import { type Tensor, TritbankError } from '../ir/index.ts';
import { decodeSafetensors, encodeSafetensors } from './safetensors.ts';

/** Where a run stands. */
export interface Position {
  /** Index of the current phase in the run's list of phases. */
  readonly phase: number;
  /** Epochs of this phase that are done. */
  readonly epoch: number;
  /** Batches of the current epoch that are done, with their sums. */
  readonly batch: number;
  readonly lossSum: number;
  readonly correct: number;
  /** Optimizer steps since the start of the run. */
  readonly step: number;
  readonly seconds: number;
  /** Slow average of the loss, by which divergence is recognised. */
  readonly slowLoss: number;
}

export interface Checkpoint {
  readonly position: Position;
  readonly state: ReadonlyMap<string, Tensor>;
  /** State in which the ternary weights were frozen; empty before. */
  readonly frozenFrom: ReadonlyMap<string, Tensor>;
}

const frozenPrefix = 'frozen:';
const positionKey = 'tritbank.position';

export function saveCheckpoint(path: string, { position, state, frozenFrom }: Checkpoint): void {
  const tensors = new Map(state);
  for (const [name, tensor] of frozenFrom) tensors.set(frozenPrefix + name, tensor);
  writeFileAtomic(path, encodeSafetensors(tensors, { [positionKey]: JSON.stringify(position) }));
}

/** Reads a checkpoint, or undefined where there is none. E_FORMAT for a damaged file, E_RESUME for one of another kind. */
export function loadCheckpoint(path: string): Checkpoint | undefined {
  if (!existsSync(path)) return undefined;
  const { tensors, metadata } = decodeSafetensors(readBounded(path, { mostBytes: mostFileBytes }), path);
  const text = metadata[positionKey];
  if (text === undefined) throw new TritbankError('E_RESUME', path, 'expected a checkpoint of a run, found none');
  const state = new Map<string, Tensor>();
  const frozenFrom = new Map<string, Tensor>();
  for (const [name, tensor] of tensors) {
    if (name.startsWith(frozenPrefix)) frozenFrom.set(name.slice(frozenPrefix.length), tensor);
    else state.set(name, tensor);
  }
  return { position: JSON.parse(text) as Position, state, frozenFrom };
}
