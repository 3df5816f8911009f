/**
 * The classes of ImageNet's challenge (ILSVRC 2012): 1000 WordNet ids in sorted order, which is that of the outputs of
 * the models that are trained on it, each with the first of its words. `labels/imagenet.json` is made from
 * `imagenet_synsets.txt` and `imagenet_synset_to_lemma.txt` of timm 1.0.29 (Apache-2.0). Two words, crane and maillot,
 * name two classes each. TensorFlow's models have 1001 scores: a background comes first.
 */

import { readFileSync } from 'node:fs';

export const imageNetCount = 1000;

let known: ReadonlyMap<string, string> | undefined;

/** Names by WordNet id, in the order of the classes. */
export function imageNetClasses(): ReadonlyMap<string, string> {
  const file = new URL('../../labels/imagenet.json', import.meta.url);
  known ??= new Map(
    Object.entries(JSON.parse(readFileSync(file, 'utf8')) as Record<string, { name: string }>).map(([id, { name }]) => [
      id,
      name,
    ]),
  );
  return known;
}

/** What TensorFlow calls the class in front of the others. */
const background = 'background';

/** 1 for so many scores of which the first is the background's. */
const offsetOf = (classCount: number | undefined) => (classCount === imageNetCount + 1 ? 1 : 0);

const behindBackground = (words: Iterable<string>, classCount: number | undefined): string[] =>
  offsetOf(classCount) === 1 ? [background, ...words] : [...words];

/** The names of all classes in the order of so many scores, a background's in front where there are 1001. */
export const imageNetNames = (classCount?: number): string[] =>
  behindBackground(imageNetClasses().values(), classCount);

/** Likewise their WordNet ids. */
export const imageNetIds = (classCount?: number): string[] => behindBackground(imageNetClasses().keys(), classCount);

/** Whether indices of ImageNet's folders are counted without a background, though the scores have one. */
export function lacksBackground(indices: ReadonlyMap<string, number>, classCount: number): boolean {
  if (offsetOf(classCount) === 0 || indices.size === 0) return false;
  const ids = imageNetIds();
  return [...indices].every(([folder, index]) => ids[index] === folder);
}

/** Their names, where a model of 1000 classes says in its metadata that they are these; undefined otherwise. */
export function statedImageNet(metadata: ReadonlyMap<string, string>, classCount: number): string[] | undefined {
  if (classCount !== imageNetCount || metadata.has('labels')) return undefined;
  const isStated = [...metadata.values()].some((text) => /imagenet|ilsvrc/i.test(text));
  return isStated ? imageNetNames() : undefined;
}
