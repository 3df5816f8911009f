/** Test images as the integers that a network of integers takes. */

import type { ImageForm } from '../../classifier/image-form.ts';
import type { IntegerNetwork } from '../../integer/index.ts';

export interface ImageChoice extends ImageForm {
  /** A model with 8-bit activations. */
  readonly model: string;
  readonly data: string;
  readonly dataDir?: string;
  readonly images: number;
}

/** The network of a file, and the first test images of the data, spread over their classes. */
export async function openNetworkWithImages(
  { model, data, dataDir, images, ...form }: ImageChoice,
  warn: (line: string) => void,
): Promise<{ readonly network: IntegerNetwork; readonly images: readonly Int8Array[] }> {
  const [{ openModel }, { openImagesFor }, { batches }, { quantizeInput, readIntegerNetwork }, { inferShapes }] =
    await Promise.all([
      import('../../formats/index.ts'),
      import('../../classifier/index.ts'),
      import('../../data/index.ts'),
      import('../../integer/index.ts'),
      import('../../passes/index.ts'),
    ]);
  const { graph } = await openModel(model);
  inferShapes(graph);
  const { dataset, normalisation } = await openImagesFor(
    graph,
    { data, ...(dataDir !== undefined && { dataDir }), ...form },
    { warn },
  );
  const network = readIntegerNetwork(graph);
  const found: Int8Array[] = [];
  for await (const { images: bytes, shape } of batches(dataset.test, { batchSize: 1, prefetch: 0 })) {
    const pixels = shape.height * shape.width;
    const normal = Float32Array.from(bytes, (byte, i) => {
      const channel = Math.floor(i / pixels) % normalisation.mean.length;
      return (byte - normalisation.mean[channel]!) / normalisation.std[channel]!;
    });
    found.push(quantizeInput(network.input, normal));
    if (found.length === images) break;
  }
  return { network, images: found };
}
