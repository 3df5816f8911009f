/** How pixels are normalised: as part of the graph, and as a record in a model's metadata. */

import { type Dim, f32, type Graph, TritbankError } from '../ir/index.ts';
import { formatPreprocessing, readPixelScale } from '../onnx/metadata.ts';
import { Builder } from '../ops/index.ts';

export interface Normalisation {
  /** Per channel, in units of a pixel's 0..255: the network sees (pixel - mean) / std. */
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

/**
 * Replaces the network's float input by `images`, uint8 `[batch, C, H, W]`, normalised inside the graph. An input of bytes
 * takes them as they are.
 */
export function takePixels(graph: Graph, batch: Dim, { mean, std }: Normalisation): void {
  const input = graph.inputs[0]!;
  const channels = input.shape[1];
  if (channels !== mean.length) {
    const expected = `expected ${channels} channels of mean and deviation`;
    throw new TritbankError('E_MODEL', `input '${input.name}'`, `${expected}, found ${mean.length}`);
  }
  const taken = graph.find('images');
  if (taken) graph.rename(taken, graph.freshName('images'));
  if (input.dtype === 'uint8') {
    graph.rename(input, 'images');
    input.type = { dtype: 'uint8', shape: [batch, ...input.shape.slice(1)] };
    return;
  }
  const b = new Builder(graph, 'pixels/', graph.nodes[0]);
  const images = graph.input('images', 'uint8', [batch, ...input.shape.slice(1)]);
  const perChannel = (values: readonly number[]) => f32([1, values.length, 1, 1], values);
  const factor = b.constant('factor', perChannel(std.map((s) => 1 / s)));
  const offset = b.constant('offset', perChannel(mean.map((m, i) => -m / std[i]!)));
  input.replaceAllUsesWith(b.add(b.mul(b.cast(images, 'float32'), factor), offset));
  graph.removeValue(input);
}

/** Bytes as they are, for models that normalise them themselves. */
export const rawPixels = (channels: number): Normalisation => ({
  mean: Array<number>(channels).fill(0),
  std: Array<number>(channels).fill(1),
});

/** The metadata entries that `readNormalisation` reads: comma-separated numbers. */
export const normalisationMetadata = ({ mean, std }: Normalisation): Record<string, string> =>
  formatPreprocessing({ mean, std });

/**
 * Mean and deviation of a model's metadata (one number, or one per channel), or undefined where it has none. Throws E_MODEL
 * for entries that are no numbers, for deviations that are not above 0, and for another number of channels.
 */
export function readNormalisation(graph: Graph, channels: number): Normalisation | undefined {
  const { mean, std } = readPixelScale(graph.metadata);
  if (!mean || !std) return undefined;
  return { mean: perChannel('input_mean', mean, channels), std: perChannel('input_std', std, channels) };
}

function perChannel(key: string, values: readonly number[], channels: number): readonly number[] {
  if (values.length === 1) return Array<number>(channels).fill(values[0]!);
  if (values.length === channels) return values;
  const message = `expected one number or ${channels}, found ${values.length}`;
  throw new TritbankError('E_MODEL', `metadata ${key}`, message);
}

/** Says in the model's metadata how pixels are normalised, unless they say so already. */
export function noteNormalisation({ metadata, inputs }: Graph, normalisation: Normalisation): void {
  if (inputs[0]?.dtype === 'uint8') return;
  const known = readPixelScale(metadata);
  if (known.mean && known.std) return;
  for (const [key, value] of Object.entries(normalisationMetadata(normalisation))) metadata.set(key, value);
}

/** The given normalisation, or that of the model's metadata. E_MODEL where there is neither. */
export function requireNormalisation(graph: Graph, channels: number, given?: Normalisation): Normalisation {
  const isRaw = graph.inputs[0]?.dtype === 'uint8';
  const normalisation = isRaw ? rawPixels(channels) : (given ?? readNormalisation(graph, channels));
  if (normalisation) return normalisation;
  const expected = 'expected input_mean and input_std in its metadata, or a normalisation in the options';
  throw new TritbankError('E_MODEL', `graph '${graph.name}'`, `${expected}, found neither`);
}
