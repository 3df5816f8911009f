/** Normalisation as part of the graph, and its record in a model's metadata. */

import { type Dim, f32, type Graph, TritbankError } from '../ir/index.ts';
import { Builder } from '../ops/index.ts';

export interface Normalisation {
  /** Per channel, in units of a pixel's 0..255: the network sees (pixel - mean) / std. */
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

/** Replaces the network's float input by `images`, uint8 `[batch, C, H, W]`, normalised inside the graph. */
export function takePixels(graph: Graph, batch: Dim, { mean, std }: Normalisation): void {
  const input = graph.inputs[0]!;
  const channels = input.shape[1];
  if (channels !== mean.length) {
    const expected = `expected ${channels} channels of mean and deviation`;
    throw new TritbankError('E_MODEL', `input '${input.name}'`, `${expected}, found ${mean.length}`);
  }
  const taken = graph.find('images');
  if (taken) graph.rename(taken, graph.freshName('images'));
  const b = new Builder(graph, 'pixels/', graph.nodes[0]);
  const images = graph.input('images', 'uint8', [batch, ...input.shape.slice(1)]);
  const perChannel = (values: readonly number[]) => f32([1, values.length, 1, 1], values);
  const factor = b.constant('factor', perChannel(std.map((s) => 1 / s)));
  const offset = b.constant('offset', perChannel(mean.map((m, i) => -m / std[i]!)));
  input.replaceAllUsesWith(b.add(b.mul(b.cast(images, 'float32'), factor), offset));
  graph.removeValue(input);
}

const keys = { mean: 'input_mean', std: 'input_std' } as const;

/** The metadata entries that `readNormalisation` reads: comma-separated numbers. */
export function normalisationMetadata({ mean, std }: Normalisation): Record<string, string> {
  return { [keys.mean]: mean.join(','), [keys.std]: std.join(',') };
}

/**
 * Mean and deviation of a model's metadata (one number, or one per channel), or undefined where it has none.
 * Throws E_MODEL for entries that are no numbers, and for deviations that are not above 0.
 */
export function readNormalisation(graph: Graph, channels: number): Normalisation | undefined {
  const read = (key: string): number[] | undefined => {
    const text = graph.metadata.get(key);
    if (text === undefined) return undefined;
    const numbers = text
      .replace(/[[\]]/g, '')
      .split(/[\s,]+/)
      .filter((s) => s !== '')
      .map(Number);
    if (numbers.length === 0 || numbers.some((n) => !Number.isFinite(n))) {
      throw new TritbankError('E_MODEL', `metadata ${key}`, `expected numbers, found '${text}'`);
    }
    return numbers.length === 1 ? Array<number>(channels).fill(numbers[0]!) : numbers;
  };
  const mean = read(keys.mean);
  const std = read(keys.std);
  if (std?.some((s) => s <= 0)) {
    throw new TritbankError('E_MODEL', `metadata ${keys.std}`, `expected numbers above 0, found '${std.join(',')}'`);
  }
  return mean && std ? { mean, std } : undefined;
}
