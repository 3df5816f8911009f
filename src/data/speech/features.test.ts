import { describe, expect, it, test } from 'vitest';
import { Random } from '../../ir/random.ts';
import {
  computeSpeechFeatures,
  cosines,
  FeatureExtractor,
  featureSize,
  helloEdge,
  melBank,
  melOf,
  type SpeechFeatures,
} from './features.ts';

const tone = (hertz: number, amplitude = 0.5, rate = 16_000) =>
  Float32Array.from({ length: rate }, (_, i) => amplitude * Math.sin((2 * Math.PI * hertz * i) / rate));

/** The logarithms of the bands of one window, by sums over all samples instead of a fast transform. */
function slowLogMel(samples: Float32Array, start: number): number[] {
  const [length, size, rate, bands] = [640, 1024, 16_000, 40];
  const mel = (f: number) => 2595 * Math.log10(1 + f / 700); // the other common form, 1127.01 ln
  const edges = Array.from({ length: bands + 2 }, (_, i) => mel(20) + ((mel(4000) - mel(20)) * i) / (bands + 1));
  const sums = new Array<number>(bands).fill(0);
  for (let bin = 1; bin <= size / 2; bin++) {
    let [real, imaginary] = [0, 0];
    for (let i = 0; i < length; i++) {
      const x = samples[start + i]! * Math.sin((Math.PI * i) / length) ** 2;
      real += x * Math.cos((2 * Math.PI * bin * i) / size);
      imaginary -= x * Math.sin((2 * Math.PI * bin * i) / size);
    }
    const at = mel((bin * rate) / size);
    for (let band = 0; band < bands; band++) {
      const [left, centre, right] = edges.slice(band, band + 3) as [number, number, number];
      if (at <= left || at >= right) continue;
      const weight = at <= centre ? (at - left) / (centre - left) : (right - at) / (right - centre);
      sums[band]! += weight * Math.hypot(real, imaginary);
    }
  }
  return sums.map((sum) => Math.log(sum + 1e-6));
}

describe('features', () => {
  test('a second of 16 kHz is 49 x 10, and 49 x 40 bands', () => {
    expect(featureSize(helloEdge)).toEqual({ height: 49, width: 10 });
    expect(featureSize({ ...helloEdge, kind: 'log-mel' })).toEqual({ height: 49, width: 40 });
    expect(featureSize({ ...helloEdge, windowMs: 30 })).toEqual({ height: 49, width: 10 });
    expect(featureSize({ ...helloEdge, sampleRate: 8000, strideMs: 40 })).toEqual({ height: 25, width: 10 });
  });

  test('windows are those of the definition, coefficients its cosines', () => {
    const random = new Random(1, 'noise');
    const samples = Float32Array.from({ length: 16_000 }, () => 0.2 * random.normal());
    const logs = new FeatureExtractor({ ...helloEdge, kind: 'log-mel' }).compute(samples);
    const coefficients = new FeatureExtractor(helloEdge).compute(samples);
    for (const row of [0, 31, 48]) {
      const expected = slowLogMel(samples, 320 * row);
      for (const [band, log] of expected.entries()) expect(logs[40 * row + band]).toBeCloseTo(log, 3);
      for (let k = 0; k < 10; k++) {
        const sum = expected.reduce((s, log, i) => s + log * Math.cos((Math.PI / 40) * k * (i + 0.5)), 0);
        expect(coefficients[10 * row + k]).toBeCloseTo(Math.sqrt(1 / 20) * sum, 3);
      }
    }
  });

  it.each([100, 440, 1000, 2500, 3500])('a tone of %d Hz is loudest in the band whose centre is nearest', (hertz) => {
    const logs = new FeatureExtractor({ ...helloEdge, kind: 'log-mel' }).compute(tone(hertz));
    const step = (melOf(4000) - melOf(20)) / 41;
    const nearest = Math.round((melOf(hertz) - melOf(20)) / step) - 1;
    for (const row of [0, 24, 48]) {
      const bands = [...logs.subarray(40 * row, 40 * row + 40)];
      expect(Math.abs(bands.indexOf(Math.max(...bands)) - nearest)).toBeLessThanOrEqual(hertz < 200 ? 1 : 0);
    }
  });

  test('twice as loud is ln 2 more in every band, and in coefficient 0 only', () => {
    const [soft, loud] = [0.2, 0.4].map((a) => new FeatureExtractor(helloEdge).compute(tone(700, a)));
    const change = [...loud!.subarray(0, 10)].map((x, k) => x - soft![k]!);
    // sqrt(2 / 40) of 40 bands; those far from the tone are not much above the floor
    expect(change[0]).toBeGreaterThan(0.9 * Math.sqrt(80) * Math.log(2));
    expect(change[0]).toBeLessThanOrEqual(Math.sqrt(80) * Math.log(2) + 1e-4);
    for (const x of change.slice(1)) expect(Math.abs(x)).toBeLessThan(0.6);
  });

  test('triangles add up to 1 between the first and the last centre', () => {
    const size = 1024;
    const bank = melBank(helloEdge, size);
    const sums = new Float64Array(size / 2 + 1);
    for (const { first, weights } of bank) for (const [i, weight] of weights.entries()) sums[first + i]! += weight;
    const step = (melOf(4000) - melOf(20)) / 41;
    const isBetween = (bin: number) => {
      const mel = melOf((bin * 16_000) / size);
      return mel >= melOf(20) + step && mel <= melOf(4000) - step;
    };
    const between = [...sums].filter((_, bin) => isBetween(bin));
    expect(between.length).toBeGreaterThan(200);
    for (const sum of between) expect(sum).toBeCloseTo(1, 12);
    expect(sums[0]).toBe(0);
    expect(sums.slice(257).every((sum) => sum === 0)).toBe(true);
  });

  test('rows of the cosine transform are orthogonal, of length 1, the first of sqrt 2', () => {
    const rows = cosines(40, 40);
    for (const [i, a] of rows.entries()) {
      for (const [j, b] of rows.entries()) {
        const product = a.reduce((sum, x, k) => sum + x * b[k]!, 0);
        expect(product).toBeCloseTo(i !== j ? 0 : i === 0 ? 2 : 1, 12);
      }
    }
  });

  test('bytes: silence is dark in loudness and middle grey elsewhere; nothing wraps', () => {
    const quiet = computeSpeechFeatures(new Float32Array(0));
    // 188 + 1.5 x sqrt(2 / 40) x 40 x ln(1e-6)
    expect([...quiet.data.subarray(480)]).toEqual([3, ...new Array<number>(9).fill(128)]);
    const random = new Random(2, 'noise');
    const noise = computeSpeechFeatures(Float32Array.from({ length: 16_000 }, () => Math.sign(random.normal())));
    expect(noise.data[0]).toBeGreaterThan(240);
    const mel = computeSpeechFeatures(new Float32Array(0), { kind: 'log-mel' });
    expect(new Set(mel.data)).toEqual(new Set([Math.round(168 + 12 * Math.log(1e-6))]));
  });

  test('what is beyond the clip does not count, and what is missing is zeros', () => {
    const samples = tone(500).subarray(0, 9000);
    const filled = new Float32Array(16_000);
    filled.set(samples);
    const longer = new Float32Array(20_000).fill(0.5, 16_000);
    longer.set(samples);
    const { data } = computeSpeechFeatures(samples);
    expect(computeSpeechFeatures(filled).data).toEqual(data);
    expect(computeSpeechFeatures(longer).data).toEqual(data);
  });

  it.each<[Partial<SpeechFeatures>, string]>([
    [{ sampleRate: 44.1 }, 'features.sampleRate: expected a whole number of Hz in 4000..48000, found 44.1'],
    [{ highHz: 9000 }, 'features.highHz: expected Hz in 100..8000, half of the sample rate, found 9000'],
    [{ lowHz: 4000 }, 'features.lowHz: expected Hz from 0 to below 4000, found 4000'],
    [{ coefficients: 41 }, 'features.coefficients: expected a whole number in 1..40, the bands, found 41'],
    [{ windowMs: 400 }, 'features.windowMs: expected milliseconds in 5..200, no more than the clip, found 400'],
    [{ strideMs: Number.NaN }, 'features.strideMs: expected milliseconds in 1..200, found NaN'],
    [{ kind: 'wave' as 'mfcc' }, 'features.kind: expected mfcc or log-mel, found wave'],
  ])('refuses %j', (changes, message) => {
    const compute = () => computeSpeechFeatures([], changes);
    expect(compute).toThrow(expect.objectContaining({ code: 'E_USAGE', message }));
  });
});
