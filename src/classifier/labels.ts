/** Names of classes that a model's file does not have: those of the data, or ImageNet's where the file says that they are. */

import type { Dataset } from '../data/index.ts';
import type { Graph } from '../ir/index.ts';
import { metadataKeys } from '../onnx/metadata.ts';
import { classesIn } from '../onnx/score-kind.ts';
import { statedImageNet } from './imagenet.ts';

/** How many classes a data set has no names for: a folder may hold a few classes of a model only. */
const unnamed = (classes: readonly string[]) => classes.filter((name, i) => name === `class ${i}`).length;

/** The names of all classes; undefined where the data know some only. */
export const allNames = ({ classes }: Dataset): readonly string[] | undefined =>
  unnamed(classes) === 0 ? classes : undefined;

/** The names of most classes at least; undefined where the data know fewer than half. */
export const mostNames = ({ classes }: Dataset): readonly string[] | undefined =>
  2 * unnamed(classes) < classes.length ? classes : undefined;

/** Names for a model that has none: all that the data know, or ImageNet's. Undefined for one that has names. */
export function missingNames(model: Graph, dataset: Dataset | undefined): readonly string[] | undefined {
  const { metadata, outputs } = model;
  if (metadata.has(metadataKeys.labels)) return undefined;
  return (dataset && allNames(dataset)) ?? statedImageNet(metadata, classesIn(outputs[0]?.type?.shape) ?? 0);
}
