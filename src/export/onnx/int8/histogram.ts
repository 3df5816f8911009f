/**
 * How the values of a tensor are distributed, channel by channel, over any number of batches. Each channel has bins of
 * equal width over [-R, R) with R a power of two of its own, which doubles, two bins becoming one, when a value lies
 * outside. Zeros, of which ReLU makes many, are counted apart, as every scale represents them exactly.
 */

import type { Tensor } from '../../../ir/index.ts';

/** Bins on each side of zero. */
export const halfBins = 1024;

/** Counts over bins of width R / halfBins; index 0 of `negative` is the bin below zero. */
export interface Distribution {
  readonly range: number;
  readonly positive: Float64Array;
  readonly negative: Float64Array;
  /** 0 where there are none. */
  readonly min: number;
  readonly max: number;
}

const smallestExponent = -40;

export class Histogram {
  private readonly exponents: Int16Array;
  private readonly positive: Float32Array;
  private negative: Float32Array | undefined;
  private readonly min: Float64Array;
  private readonly max: Float64Array;
  private readonly sums: Float64Array;
  private count = 0;

  constructor(readonly channels: number) {
    this.exponents = new Int16Array(channels).fill(smallestExponent);
    this.positive = new Float32Array(channels * halfBins);
    this.min = new Float64Array(channels);
    this.max = new Float64Array(channels);
    this.sums = new Float64Array(channels);
  }

  /** The mean of each channel. */
  get means(): Float64Array {
    return this.sums.map((sum) => sum / Math.max(1, this.count));
  }

  /** Counts the values of a batch `[N, C, ...]`. Values that are not finite are left out. */
  add({ dims, data }: Tensor): void {
    const values = data as Float32Array;
    const block = values.length / (dims[0]! * this.channels);
    this.count += dims[0]! * block;
    for (let at = 0, c = 0; at < values.length; at += block, c = c + 1 < this.channels ? c + 1 : 0) {
      this.addBlock(c, values, at, at + block);
    }
  }

  private addBlock(channel: number, values: Float32Array, from: number, to: number): void {
    let min = 0;
    let max = 0;
    let sum = 0;
    for (let i = from; i < to; i++) {
      const v = values[i]!;
      sum += v;
      if (v > max) max = v;
      else if (v < min) min = v;
    }
    if (!Number.isFinite(max - min) || (min === 0 && max === 0)) return;
    this.sums[channel]! += sum;
    this.min[channel] = Math.min(this.min[channel]!, min);
    this.max[channel] = Math.max(this.max[channel]!, max);
    this.widen(channel, Math.max(max, -min));
    if (min < 0) this.negative ??= new Float32Array(this.positive.length);
    const { positive, negative } = this;
    const scale = halfBins / 2 ** this.exponents[channel]!;
    const base = channel * halfBins;
    for (let i = from; i < to; i++) {
      const v = values[i]!;
      if (v > 0) positive[base + Math.floor(v * scale)]!++;
      else if (v < 0) negative![base + Math.min(halfBins - 1, Math.floor(-v * scale))]!++;
    }
  }

  /** Makes the channel's range larger than `size`. */
  private widen(channel: number, size: number): void {
    const old = this.exponents[channel]!;
    let exponent = old;
    while (2 ** exponent <= size) exponent++;
    if (exponent === old) return;
    this.exponents[channel] = exponent;
    for (const side of [this.positive, this.negative]) {
      const own = side?.subarray(channel * halfBins, (channel + 1) * halfBins);
      if (own) own.set(coarsen(own, exponent - old));
    }
  }

  /** Of one channel, or of all together. */
  distribution(channel?: number): Distribution {
    const chosen = channel === undefined ? Array.from(this.exponents.keys()) : [channel];
    const exponent = Math.max(...chosen.map((c) => this.exponents[c]!));
    const sum = (side: Float32Array | undefined) => {
      const total = new Float64Array(halfBins);
      for (const c of side ? chosen : []) {
        const own = side!.subarray(c * halfBins, (c + 1) * halfBins);
        const coarse = coarsen(own, exponent - this.exponents[c]!);
        for (let i = 0; i < coarse.length; i++) total[i]! += coarse[i]!;
      }
      return total;
    };
    return {
      range: 2 ** exponent,
      positive: sum(this.positive),
      negative: sum(this.negative),
      min: chosen.reduce((least, c) => Math.min(least, this.min[c]!), 0),
      max: chosen.reduce((most, c) => Math.max(most, this.max[c]!), 0),
    };
  }
}

/** The same counts in bins that are 2^doublings as wide. */
function coarsen(counts: Float32Array, doublings: number): Float32Array {
  if (doublings === 0) return counts;
  const result = new Float32Array(counts.length);
  for (let i = 0; i < counts.length; i++) {
    result[doublings > 20 ? 0 : i >> doublings]! += counts[i]!;
  }
  return result;
}
