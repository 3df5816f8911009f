/**
 * The weights of the epoch that did best on the images held out for validation, the start among them, kept beside the
 * checkpoint: what is exported of a network in full precision, or of one whose ternary weights are frozen, so that training
 * never ends below where it was (early stopping).
 */

import { existsSync } from 'node:fs';
import { mostFileBytes, readBounded, writeFileAtomic } from '../files/index.ts';
import { type Tensor, TritbankError } from '../ir/index.ts';
import type { EpochRecord } from './records.ts';
import { decodeSafetensors, encodeSafetensors } from './safetensors.ts';

type Score = Pick<EpochRecord, 'epoch' | 'phase' | 'top1' | 'testLoss'>;

export interface Best extends Score {
  readonly state: ReadonlyMap<string, Tensor>;
}

const scoreKey = 'score';

/** Undefined where none was kept. E_FORMAT for a damaged file. */
export function loadBest(path: string): Best | undefined {
  if (!existsSync(path)) return undefined;
  const { tensors, metadata } = decodeSafetensors(readBounded(path, { mostBytes: mostFileBytes }), path);
  const text = metadata[scoreKey];
  if (text === undefined) throw new TritbankError('E_FORMAT', path, 'expected weights with their score, found none');
  return { ...(JSON.parse(text) as Score), state: tensors };
}

/** Whether `a` is better than `b`: more images right, or as many at a lower loss. */
const isBetter = (a: Score, b: Score) => a.top1 > b.top1 || (a.top1 === b.top1 && a.testLoss < b.testLoss);

/** Replaces the file where `record` is better than what it has. An epoch that is trained again replaces itself. */
export function keepBest(path: string, record: Score, state: ReadonlyMap<string, Tensor>): void {
  const { epoch, phase, top1, testLoss } = record;
  const score: Score = { epoch, phase, top1, testLoss };
  const kept = loadBest(path);
  if (kept && kept.epoch < epoch && !isBetter(score, kept)) return;
  writeFileAtomic(path, encodeSafetensors(new Map(state), { [scoreKey]: JSON.stringify(score) }));
}
