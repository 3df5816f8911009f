/**
 * Brings the labels of a data set into the numbering of a model's classes, or says that nobody can know how:
 *
 * 1. By name, where every class of the data is called as exactly one class of the model: by its folder, or by the name
 *    that `classes.json` gives it. Case, underscores and synonyms behind a comma make no difference.
 * 2. By WordNet id, for folders of a model that says that its classes are ImageNet's.
 * 3. As they are numbered, where there are as many as the model has: those of a named data set, and folders in sorted
 *    order for a model that does not name its classes.
 *
 * A model that names its classes otherwise than the folders is no guess: it does not match.
 */

import type { Dataset, Split } from '../data/index.ts';
import { imageNetIds } from './imagenet.ts';

export interface ModelClasses {
  readonly count: number;
  /** In the order of the scores; undefined where nothing tells. */
  readonly names: readonly string[] | undefined;
  readonly isImageNet: boolean;
}

const plain = (name: string) => name.split(',')[0]!.trim().toLowerCase().replaceAll('_', ' ');

/** For each class of the data its class in the model; undefined where one has none, or where there are two. */
function matchNames(wanted: readonly string[], names: readonly string[]): number[] | undefined {
  const places = new Map<string, number>();
  const twice = new Set<string>();
  for (const [index, name] of names.entries()) {
    const key = plain(name);
    if (places.has(key)) twice.add(key);
    places.set(key, index);
  }
  const found = wanted.map((name) => (twice.has(plain(name)) ? undefined : places.get(plain(name))));
  const isWhole = found.every((index) => index !== undefined) && new Set(found).size === found.length;
  return isWhole ? (found as number[]) : undefined;
}

/** The data set with the labels of the model, or undefined where they cannot be told by names or WordNet ids. */
export function matchByName(dataset: Dataset, { count, names, isImageNet }: ModelClasses): Dataset | undefined {
  const { classes, folders } = dataset;
  const candidates = folders ? [folders, classes] : [classes];
  const byName = names && candidates.map((wanted) => matchNames(wanted, names)).find((found) => found);
  const byId = isImageNet && folders ? matchNames(folders, imageNetIds(count)) : undefined;
  const indices = byName ?? byId;
  return indices && renumber(dataset, indices, count, names);
}

/** Whether the data's own numbering may be taken for the model's. */
export const isSameNumbering = ({ classes, folders }: Dataset, { count, names }: ModelClasses): boolean =>
  classes.length === count && (!folders || !names);

/** The first class of the data that no class of the model is called like. */
export const findStranger = ({ classes }: Dataset, names: readonly string[]): string | undefined =>
  classes.find((name) => !matchNames([name], names));

/** Labels `indices[label]` of `count` classes. */
function renumber(
  dataset: Dataset,
  indices: readonly number[],
  count: number,
  names: readonly string[] | undefined,
): Dataset {
  const classes = Array.from({ length: count }, (_, k) => names?.[k] ?? `class ${k}`);
  const { folders: _sorted, ...rest } = dataset;
  const inOrder = indices.length === count && indices.every((index, label) => index === label);
  if (inOrder) return { ...rest, classes };
  const relabel = (split: Split): Split => ({
    ...{ channels: split.channels, height: split.height, width: split.width, length: split.length },
    classCount: count,
    labels: split.labels.map((label) => indices[label]!),
    ...(split.pixels && { pixels: split.pixels }),
    ...(split.order && { order: (seed: number, epoch: number) => split.order!(seed, epoch) }),
    read: (index, window) => split.read(index, window),
    describe: (index) => split.describe(index),
  });
  return { ...rest, classes, train: relabel(dataset.train), test: relabel(dataset.test) };
}
