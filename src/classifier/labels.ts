/** Names of classes: those of the data, where the data know most of them. */

import type { Dataset } from '../data/index.ts';

/** How many classes a data set has no names for: a folder may hold a few classes of a model only. */
const unnamed = (classes: readonly string[]) => classes.filter((name, i) => name === `class ${i}`).length;

/** The names of all classes; undefined where the data know some only. */
export const allNames = ({ classes }: Dataset): readonly string[] | undefined =>
  unnamed(classes) === 0 ? classes : undefined;

/** The names of most classes at least; undefined where the data know fewer than half. */
export const mostNames = ({ classes }: Dataset): readonly string[] | undefined =>
  2 * unnamed(classes) < classes.length ? classes : undefined;
