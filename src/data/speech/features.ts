/**
 * From samples to what a keyword network sees: a spectrogram on the mel scale, or its cosine transform (MFCC), as bytes.
 * By default as Hello Edge has it (Zhang et al., arXiv 1711.07128): windows of 40 ms every 20 ms, 10 coefficients of 40
 * bands, 49 x 10 a second. The formulas are those of `tf.signal` (stft, linear_to_mel_weight_matrix,
 * mfccs_from_log_mel_spectrograms), which MLPerf Tiny takes: periodic Hann window, magnitudes (not power), HTK's mel scale,
 * triangles that are linear in mel, without the constant bin, ln(x + 1e-6), an orthonormal DCT-II but for coefficient 0,
 * which is sqrt 2 larger. Left out: pre-emphasis, and MLPerf Tiny's division by each clip's peak.
 */

import FFT from 'fft.js';
import { TritbankError } from '../../ir/errors.ts';

export const featureKinds = ['mfcc', 'log-mel'] as const;

/** What is computed of a clip. */
export interface SpeechFeatures {
  /** Coefficients, or the logarithms of the bands themselves. */
  readonly kind: (typeof featureKinds)[number];
  /** Hz, 4000 to 48,000; clips of another rate are refused. */
  readonly sampleRate: number;
  /** Length of a clip in milliseconds, 100 to 10,000: a longer one is cut at its end, a shorter one filled up with zeros. */
  readonly clipMs: number;
  /** Length of a window, 5 to 200 ms, and the distance from one to the next, 1 to 200 ms. */
  readonly windowMs: number;
  readonly strideMs: number;
  /** Bands, 8 to 128, from `lowHz` to `highHz`, at most half of the sample rate. */
  readonly melBands: number;
  readonly lowHz: number;
  readonly highHz: number;
  /** Of kind `mfcc`: the first so many are kept, 1 to `melBands`. */
  readonly coefficients: number;
}

export const helloEdge: SpeechFeatures = {
  kind: 'mfcc',
  sampleRate: 16_000,
  clipMs: 1000,
  windowMs: 40,
  strideMs: 20,
  melBands: 40,
  lowHz: 20,
  highHz: 4000,
  coefficients: 10,
};

/** Below this nothing is told from silence. */
const floor = 1e-6;

/** Bytes are `scale x + offset`, rounded, within 0..255. */
interface ByteScale {
  readonly scale: number;
  readonly offset: number;
}

/** Coefficient 0 is loudness, -123.6 (nothing) to about 45 (full scale); the others are rarely beyond 30. */
const loudness: ByteScale = { scale: 1.5, offset: 188 };
const shape: ByteScale = { scale: 4, offset: 128 };
/** From -13.8 (nothing) to about 6. */
const logMel: ByteScale = { scale: 12, offset: 168 };

export const byteScaleOf = ({ kind }: Pick<SpeechFeatures, 'kind'>, column: number): ByteScale =>
  kind === 'log-mel' ? logMel : column === 0 ? loudness : shape;

/** Hz to mel, HTK's: 1127 ln(1 + f / 700). */
export const melOf = (hertz: number): number => 1127 * Math.log(1 + hertz / 700);

const samplesIn = (ms: number, { sampleRate }: SpeechFeatures) => Math.floor((sampleRate * ms) / 1000);

/** Samples of a clip. */
export const clipLength = (features: SpeechFeatures): number => samplesIn(features.clipMs, features);

/** Windows in a clip (rows), numbers in a window (columns). */
export function featureSize(features: SpeechFeatures): { readonly height: number; readonly width: number } {
  const rest = clipLength(features) - samplesIn(features.windowMs, features);
  const height = 1 + Math.floor(rest / samplesIn(features.strideMs, features));
  return { height, width: features.kind === 'mfcc' ? features.coefficients : features.melBands };
}

/** Throws E_USAGE, or E_FORMAT for what is in a file, for the first value out of range. */
export function checkFeatures(features: SpeechFeatures, file?: string): void {
  const [code, where] =
    file === undefined ? (['E_USAGE', 'features'] as const) : (['E_FORMAT', `${file} features`] as const);
  const { kind, sampleRate, clipMs, windowMs, strideMs, melBands, lowHz, highHz, coefficients } = features;
  const check = (key: keyof SpeechFeatures, good: boolean, expected: string) => {
    if (!good) throw new TritbankError(code, `${where}.${key}`, `expected ${expected}, found ${features[key]}`);
  };
  const isWithin = (value: number, low: number, high: number) => value >= low && value <= high;
  const isWhole = (value: number, low: number, high: number) => Number.isInteger(value) && isWithin(value, low, high);
  check('kind', featureKinds.includes(kind), featureKinds.join(' or '));
  check('sampleRate', isWhole(sampleRate, 4000, 48_000), 'a whole number of Hz in 4000..48000');
  check('clipMs', isWithin(clipMs, 100, 10_000), 'milliseconds in 100..10000');
  check('windowMs', isWithin(windowMs, 5, Math.min(200, clipMs)), 'milliseconds in 5..200, no more than the clip');
  check('strideMs', isWithin(strideMs, 1, 200), 'milliseconds in 1..200');
  check('melBands', isWhole(melBands, 8, 128), 'a whole number in 8..128');
  check('highHz', isWithin(highHz, 100, sampleRate / 2), `Hz in 100..${sampleRate / 2}, half of the sample rate`);
  check('lowHz', isWithin(lowHz, 0, highHz - 1), `Hz from 0 to below ${highHz}`);
  check('coefficients', isWhole(coefficients, 1, melBands), `a whole number in 1..${melBands}, the bands`);
}

/** A triangle over the bins from `first`. */
interface Band {
  readonly first: number;
  readonly weights: Float64Array;
}

/** `melBands` triangles over the bins 0 .. `size` / 2 of a transform of `size` samples. */
export function melBank({ melBands, lowHz, highHz, sampleRate }: SpeechFeatures, size: number): readonly Band[] {
  const [low, high] = [melOf(lowHz), melOf(highHz)];
  const edge = (i: number) => low + ((high - low) * i) / (melBands + 1);
  return Array.from({ length: melBands }, (_, band) => {
    const [left, centre, right] = [edge(band), edge(band + 1), edge(band + 2)];
    const weights: number[] = [];
    let first = 0;
    for (let bin = 1; bin <= size / 2; bin++) {
      const mel = melOf((bin * sampleRate) / size);
      const weight = Math.min((mel - left) / (centre - left), (right - mel) / (right - centre));
      if (weight <= 0) continue;
      if (weights.length === 0) first = bin;
      weights.push(weight);
    }
    return { first, weights: Float64Array.from(weights) };
  });
}

/** Rows of the DCT-II of `length` numbers: sqrt(2 / length) cos(pi k (i + 1/2) / length). */
export const cosines = (count: number, length: number): readonly Float64Array[] =>
  Array.from({ length: count }, (_, k) =>
    Float64Array.from({ length }, (_, i) => Math.sqrt(2 / length) * Math.cos((Math.PI * k * (i + 0.5)) / length)),
  );

/** Computes features of clips; its tables and buffers are made once. */
export class FeatureExtractor {
  readonly height: number;
  readonly width: number;
  /** Samples of a clip. */
  readonly samples: number;
  private readonly window: Float64Array;
  private readonly stride: number;
  private readonly transform: FFT;
  private readonly frame: Float64Array;
  private readonly spectrum: number[];
  /** Of the bins that a band has. */
  private readonly magnitudes: Float64Array;
  private readonly bands: readonly Band[];
  private readonly logs: Float64Array;
  private readonly rows: readonly Float64Array[];

  /** Throws E_USAGE for values out of range. */
  constructor(readonly features: SpeechFeatures) {
    checkFeatures(features);
    ({ height: this.height, width: this.width } = featureSize(features));
    this.samples = clipLength(features);
    const length = samplesIn(features.windowMs, features);
    this.stride = samplesIn(features.strideMs, features);
    this.window = Float64Array.from({ length }, (_, i) => 0.5 - 0.5 * Math.cos((2 * Math.PI * i) / length));
    const size = 2 ** Math.ceil(Math.log2(length));
    this.transform = new FFT(size);
    this.frame = new Float64Array(size);
    this.spectrum = this.transform.createComplexArray();
    this.bands = melBank(features, size);
    this.magnitudes = new Float64Array(Math.max(...this.bands.map(({ first, weights }) => first + weights.length)));
    this.logs = new Float64Array(features.melBands);
    this.rows = features.kind === 'mfcc' ? cosines(features.coefficients, features.melBands) : [];
  }

  /** `height x width` numbers, a row per window, of samples in -1..1; what is missing at the end counts as zeros. */
  compute(samples: ArrayLike<number>): Float32Array {
    const result = new Float32Array(this.height * this.width);
    for (let row = 0; row < this.height; row++) {
      this.measureBands(samples, row * this.stride);
      for (let column = 0; column < this.width; column++) {
        const cosine = this.rows[column];
        result[row * this.width + column] = cosine ? dot(cosine, this.logs) : this.logs[column]!;
      }
    }
    return result;
  }

  /** The same as bytes, by the fixed scale of each column. */
  computeBytes(samples: ArrayLike<number>): Uint8ClampedArray {
    const result = new Uint8ClampedArray(this.height * this.width);
    for (const [i, value] of this.compute(samples).entries()) {
      const { scale, offset } = byteScaleOf(this.features, i % this.width);
      result[i] = scale * value + offset; // rounds, and keeps to 0..255
    }
    return result;
  }

  /** Logarithms of the bands of the window that begins at `start`, into `logs`. */
  private measureBands(samples: ArrayLike<number>, start: number): void {
    const { window, frame, spectrum, magnitudes, bands, logs } = this;
    for (let i = 0; i < window.length; i++) frame[i] = window[i]! * (samples[start + i] ?? 0);
    this.transform.realTransform(spectrum, frame);
    for (let bin = 0; bin < magnitudes.length; bin++) {
      magnitudes[bin] = Math.sqrt(spectrum[2 * bin]! ** 2 + spectrum[2 * bin + 1]! ** 2);
    }
    for (const [band, { first, weights }] of bands.entries()) {
      let sum = 0;
      for (let i = 0; i < weights.length; i++) sum += weights[i]! * magnitudes[first + i]!;
      logs[band] = Math.log(sum + floor);
    }
  }
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

/** What `computeSpeechFeatures` returns: an image of one channel, as the runtime's pipelines take it. */
export interface SpeechImage {
  /** `height x width` bytes, a row per window: the pixels of a network that was trained on such features. */
  readonly data: Uint8ClampedArray;
  readonly height: number;
  readonly width: number;
}

/**
 * The features of a clip, samples in -1..1 at `sampleRate` (default 16,000 Hz), as the data set `speech-commands` has them:
 * 49 x 10 bytes of a second unless `features` say otherwise. Bytes are round(1.5 c + 188) of coefficient 0, round(4 c + 128)
 * of the others, round(12 x + 168) of `log-mel`, cut at 0 and 255. Throws E_USAGE for values out of range.
 *
 * @example
 * import { computeSpeechFeatures } from 'tritbank';
 *
 * const tone = Float32Array.from({ length: 16_000 }, (_, i) => 0.5 * Math.sin((2 * Math.PI * 440 * i) / 16_000));
 * const { data, height, width } = computeSpeechFeatures(tone);
 * console.log(height, width, data.length); // 49 10 490
 */
export function computeSpeechFeatures(samples: ArrayLike<number>, features: Partial<SpeechFeatures> = {}): SpeechImage {
  const extractor = new FeatureExtractor({ ...helloEdge, ...features });
  return { data: extractor.computeBytes(samples), height: extractor.height, width: extractor.width };
}
