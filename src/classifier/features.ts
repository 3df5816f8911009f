/** Networks for sounds: their images are features, and those that were trained on one kind are of no use on another. */

import type { Dataset } from '../data/index.ts';
import { type Graph, TritbankError } from '../ir/index.ts';
import { metadataKeys } from '../onnx/metadata.ts';

/** The metadata entry that says which features the data are; none for pictures. */
export const featureMetadata = ({ inputFeatures }: Pick<Dataset, 'inputFeatures'>): Record<string, string> =>
  inputFeatures === undefined ? {} : { [metadataKeys.features]: inputFeatures };

/** E_DATA where the model's metadata say other features than the data are. */
export function requireFeatures({ metadata }: Graph, { name, inputFeatures = 'pictures' }: Dataset): void {
  const expected = metadata.get(metadataKeys.features);
  if (expected === undefined || expected === inputFeatures) return;
  throw new TritbankError(
    'E_DATA',
    `data set '${name}'`,
    `expected the model's features, ${expected}, found ${inputFeatures}`,
  );
}
