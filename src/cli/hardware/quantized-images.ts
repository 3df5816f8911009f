/** A network of integers, with images as the integers that it takes. */

import type { ImageForm } from '../../classifier/image-form.ts';
import type { IntegerNetwork } from '../../integer/index.ts';
import { TritbankError } from '../../ir/errors.ts';
import { flagOf } from '../command.ts';

export interface ImageChoice extends ImageForm {
  /** A model with 8-bit activations. */
  readonly model: string;
  /** Default: noise. */
  readonly data?: string;
  readonly dataDir?: string;
  readonly images: number;
  /** Of the noise. Default 0. */
  readonly seed?: number;
}

/** E_USAGE for options about data that nothing is done with. */
export function checkImageChoice(
  {
    data,
    dataDir,
    seed,
  }: { readonly data?: string | undefined; dataDir?: string | undefined; seed?: number | undefined },
  form: ImageForm,
): void {
  if (data !== undefined) {
    if (seed === undefined) return;
    throw new TritbankError('E_USAGE', '--seed', 'expected it without --data, for noise, found both');
  }
  const [given] = [...(dataDir === undefined ? [] : ['dataDir']), ...Object.keys(form)];
  if (given === undefined) return;
  throw new TritbankError('E_USAGE', '--data', `expected images for ${flagOf(given)}, found none`);
}

export interface NetworkWithImages {
  readonly network: IntegerNetwork;
  readonly images: readonly Int8Array[];
}

/** The network of a file, and the first test images of the data, spread over their classes; or noise. */
export async function openNetwork(choice: ImageChoice, warn: (line: string) => void): Promise<NetworkWithImages> {
  const { model, data, dataDir, images, seed = 0, ...form } = choice;
  const [{ openModel }, { readIntegerNetwork }, { inferShapes }] = await Promise.all([
    import('../../formats/index.ts'),
    import('../../integer/index.ts'),
    import('../../passes/index.ts'),
  ]);
  const { graph } = await openModel(model);
  if (data === undefined) {
    const network = readIntegerNetwork(graph);
    return { network, images: await noise(network, images, seed) };
  }
  inferShapes(graph);
  const { openImagesFor } = await import('../../classifier/index.ts');
  const source = { data, ...(dataDir !== undefined && { dataDir }), ...form };
  const opened = await openImagesFor(graph, source, { warn });
  const network = readIntegerNetwork(graph);
  return { network, images: await testImages(network, opened, images) };
}

async function noise(network: IntegerNetwork, count: number, seed: number): Promise<Int8Array[]> {
  const [{ Random }, { quantizeInput }] = await Promise.all([
    import('../../ir/index.ts'),
    import('../../integer/index.ts'),
  ]);
  const { channels, height, width } = network.input.tensor;
  const random = new Random(seed, 'noise');
  return Array.from({ length: count }, () =>
    quantizeInput(
      network.input,
      Float32Array.from({ length: channels * height * width }, () => random.normal()),
    ),
  );
}

type Opened = Awaited<ReturnType<typeof import('../../classifier/index.ts').openImagesFor>>;

/** The first test images, as the integers that a network takes. */
export async function testImages(
  network: IntegerNetwork,
  { dataset, normalisation }: Pick<Opened, 'dataset' | 'normalisation'>,
  count: number,
): Promise<Int8Array[]> {
  const [{ batches }, { quantizeInput }] = await Promise.all([
    import('../../data/index.ts'),
    import('../../integer/index.ts'),
  ]);
  const found: Int8Array[] = [];
  for await (const { images: bytes, shape } of batches(dataset.test, { batchSize: 1, prefetch: 0 })) {
    const pixels = shape.height * shape.width;
    const normal = Float32Array.from(bytes, (byte, i) => {
      const channel = Math.floor(i / pixels) % normalisation.mean.length;
      return (byte - normalisation.mean[channel]!) / normalisation.std[channel]!;
    });
    found.push(quantizeInput(network.input, normal));
    if (found.length === count) break;
  }
  return found;
}
