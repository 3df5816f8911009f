/** For what is measured by labels, or learns from them. */

import type { Dataset } from '../data/index.ts';
import { TritbankError } from '../ir/index.ts';

/** E_DATA for images without labels, where nothing stands for them. */
export function requireLabels({ name, isUnlabelled }: Pick<Dataset, 'name' | 'isUnlabelled'>): void {
  if (!isUnlabelled) return;
  const expected = 'expected one folder of images per class';
  const found = 'found images without labels (compress, analyze and export take them)';
  throw new TritbankError('E_DATA', `data set '${name}'`, `${expected}, ${found}`);
}
