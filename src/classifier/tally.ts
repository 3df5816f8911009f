/** Counts of an evaluation, batch by batch. */

import type { Communicator } from '../cluster/index.ts';
import type { ScoreKind } from './scores.ts';
import { type Interval, wilsonInterval } from './statistics.ts';

export interface Evaluation {
  /** Fractions in 0..1. */
  readonly top1: number;
  readonly top5: number;
  /** Wilson's 95 % intervals of both. */
  readonly intervals: { readonly top1: Interval; readonly top5: Interval };
  /** Mean over images of the cross-entropy in nats; of independent scores, of the sum of each class's. */
  readonly loss: number;
  readonly samples: number;
  /** Images that did not decode. */
  readonly skipped: number;
  readonly classes: readonly string[];
  /** `confusion[label][prediction]`, counts. */
  readonly confusion: readonly (readonly number[])[];
  /** Predicted class per evaluated image, in the split's order. */
  readonly predictions: Int32Array;
  /** What each is: labels in the same order. */
  readonly labels: Int32Array;
  /** Probability of each prediction: of a softmax, or the network's own. */
  readonly probabilities: Float32Array;
  readonly imagesPerSecond: number;
}

const logarithm = (p: number) => Math.log(Math.max(p, 1e-30));

/** ln p of each class. */
function logarithms(scores: Float32Array, best: number, kind: ScoreKind): (k: number) => number {
  if (kind !== 'logits') return (k) => logarithm(scores[k]!);
  let sum = 0;
  for (const v of scores) sum += Math.exp(v - scores[best]!);
  const whole = scores[best]! + Math.log(sum);
  return (k) => scores[k]! - whole;
}

/** The bytes of parts, one after the other. */
function joined(parts: readonly Uint8Array[]): ArrayBuffer {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all.buffer;
}

/** Running counts over batches. */
export class Tally {
  private predictions: Int32Array;
  private labels: Int32Array;
  private probabilities: Float32Array;
  private readonly confusion: number[][];
  private samples = 0;
  private top1 = 0;
  private top5 = 0;
  private loss = 0;

  constructor(
    private readonly classCount: number,
    length: number,
  ) {
    this.predictions = new Int32Array(length);
    this.labels = new Int32Array(length);
    this.probabilities = new Float32Array(length);
    this.confusion = Array.from({ length: classCount }, () => Array<number>(classCount).fill(0));
  }

  add(scores: Float32Array, labels: Int32Array, rows: number, kind: ScoreKind): void {
    for (let row = 0; row < rows; row++) {
      const y = scores.subarray(row * this.classCount, (row + 1) * this.classCount);
      const label = labels[row]!;
      let best = 0;
      let above = 0;
      for (let k = 0; k < y.length; k++) {
        if (y[k]! > y[best]!) best = k;
        // Written so that scores that are not numbers count as wrong.
        if (!(y[k]! < y[label]! || (y[k] === y[label] && k >= label))) above++;
      }
      const log = logarithms(y, best, kind);
      this.loss -= log(label);
      if (kind === 'independent') for (const [k, p] of y.entries()) if (k !== label) this.loss -= logarithm(1 - p);
      if (above < 1) this.top1++;
      if (above < 5) this.top5++;
      this.confusion[label]![best]!++;
      this.predictions[this.samples] = best;
      this.labels[this.samples] = label;
      this.probabilities[this.samples++] = Math.exp(log(best));
    }
  }

  /** Makes the counts those of all ranks, whose images follow one another. */
  async join(ranks: Communicator): Promise<void> {
    const counts = Float64Array.from([this.samples, this.top1, this.top5, this.loss, ...this.confusion.flat()]);
    const gather = async (values: Int32Array | Float32Array) =>
      joined(await ranks.gather(new Uint8Array(values.slice(0, this.samples).buffer)));
    this.predictions = new Int32Array(await gather(this.predictions));
    this.labels = new Int32Array(await gather(this.labels));
    this.probabilities = new Float32Array(await gather(this.probabilities));
    await ranks.sum(counts).wait();
    [this.samples, this.top1, this.top5, this.loss] = counts as unknown as [number, number, number, number];
    for (const [label, row] of this.confusion.entries()) {
      for (const k of row.keys()) row[k] = counts[4 + label * this.classCount + k]!;
    }
  }

  result(classes: readonly string[], length: number, seconds: number): Evaluation {
    const n = Math.max(1, this.samples);
    return {
      top1: this.top1 / n,
      top5: this.top5 / n,
      intervals: {
        top1: wilsonInterval(this.top1, this.samples),
        top5: wilsonInterval(this.top5, this.samples),
      },
      loss: this.loss / n,
      samples: this.samples,
      skipped: length - this.samples,
      classes: Array.from({ length: this.classCount }, (_, k) => classes[k] ?? String(k)),
      confusion: this.confusion,
      predictions: this.predictions.slice(0, this.samples),
      labels: this.labels.slice(0, this.samples),
      probabilities: this.probabilities.slice(0, this.samples),
      imagesPerSecond: this.samples / Math.max(seconds, 1e-9),
    };
  }
}
