/**
 * A split of clips: each read is a WAV file's features, kept once computed. Training clips are changed as samples, by the
 * recipe of Hello Edge: shifted in time, and mixed with noise.
 */

import { join } from 'node:path';
import { TritbankError } from '../../ir/errors.ts';
import { Random } from '../../ir/random.ts';
import type { Split } from '../dataset.ts';
import { noiseFolder } from './corpus.ts';
import type { FeatureExtractor } from './features.ts';
import { readWav } from './wav.ts';

/** Largest shift to either side. */
const shiftMs = 100;
/** Share of training clips that get noise, and its largest volume; that of clips of silence is up to 1. */
const noiseShare = 0.8;
const noiseVolume = 0.1;

/** A clip `word/file.wav`, or undefined for silence, which is a piece of noise. */
export interface Clip {
  readonly file: string | undefined;
  readonly label: number;
}

export interface ClipSource {
  readonly dir: string;
  readonly extractor: FeatureExtractor;
  /** Recordings, each at least as long as a clip. */
  readonly noise: readonly Float32Array[];
}

export class ClipSplit implements Split {
  readonly channels = 1;
  readonly height: number;
  readonly width: number;
  readonly length: number;
  readonly labels: Int32Array;
  private readonly kept = new Map<number, Uint8Array>();

  constructor(
    private readonly source: ClipSource,
    private readonly part: string,
    private readonly clips: readonly Clip[],
    readonly classCount: number,
  ) {
    this.height = source.extractor.height;
    this.width = source.extractor.width;
    this.length = clips.length;
    this.labels = Int32Array.from(clips, ({ label }) => label);
  }

  async read(index: number, window?: unknown): Promise<Uint8Array> {
    if (window) throw new Error('internal: features of speech are not cut and resized');
    const known = this.kept.get(index);
    if (known) return known;
    const { file } = this.clipAt(index);
    const samples = file === undefined ? this.drawSilence(new Random(0, 'silence', index)) : await this.load(file);
    const pixels = this.toPixels(samples);
    this.kept.set(index, pixels);
    return pixels;
  }

  async vary(index: number, random: Random): Promise<Uint8Array> {
    const { file } = this.clipAt(index);
    if (file === undefined) return this.toPixels(this.drawSilence(random));
    const { sampleRate } = this.source.extractor.features;
    const most = Math.round((sampleRate * shiftMs) / 1000);
    const shifted = shift(await this.load(file), random.int(2 * most + 1) - most, this.source.extractor.samples);
    return this.toPixels(random.float() < noiseShare ? this.addNoise(shifted, noiseVolume, random) : shifted);
  }

  describe(index: number): string {
    return join(this.source.dir, this.clipAt(index).file ?? join(noiseFolder, `silence ${index} of ${this.part}`));
  }

  private clipAt(index: number): Clip {
    const clip = this.clips[index];
    if (!clip) throw new Error(`internal: clip ${index} of ${this.length}`);
    return clip;
  }

  private load(file: string): Promise<Float32Array> {
    const { dir, extractor } = this.source;
    return readWav(join(dir, file), extractor.features.sampleRate, extractor.samples);
  }

  private drawSilence(random: Random): Float32Array {
    return this.addNoise(new Float32Array(this.source.extractor.samples), 1, random);
  }

  /** The samples with a random piece of noise of a volume up to `most`, within -1..1, in place. */
  private addNoise(samples: Float32Array, most: number, random: Random): Float32Array {
    const { noise } = this.source;
    const recording = noise.length > 0 ? noise[random.int(noise.length)]! : undefined;
    if (!recording) return samples;
    const volume = most * random.float();
    const start = random.int(recording.length - samples.length + 1);
    for (let i = 0; i < samples.length; i++) {
      samples[i] = Math.min(1, Math.max(-1, samples[i]! + volume * recording[start + i]!));
    }
    return samples;
  }

  private toPixels(samples: Float32Array): Uint8Array {
    return new Uint8Array(this.source.extractor.computeBytes(samples).buffer);
  }
}

/** The samples moved to later by `by` (to earlier if negative), as `length`, zeros where there are none. */
export function shift(samples: Float32Array, by: number, length: number): Float32Array {
  const result = new Float32Array(length);
  const from = samples.subarray(Math.max(0, -by), Math.max(0, Math.min(samples.length, length - by)));
  result.set(from, Math.max(0, by));
  return result;
}

/** Noise recordings. E_DATA for one that is shorter than a clip. */
export function readNoise(files: readonly string[], { features, samples }: FeatureExtractor): Promise<Float32Array[]> {
  return Promise.all(
    files.map(async (file) => {
      const recording = await readWav(file, features.sampleRate);
      if (recording.length >= samples) return recording;
      const expected = `expected noise of at least ${samples} samples, a clip`;
      throw new TritbankError('E_DATA', file, `${expected}, found ${recording.length}`);
    }),
  );
}
