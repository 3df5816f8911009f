/** In the place of the toolkit's `files/package-text.ts`: the texts are in the bundle. */

import type * as Node from '#toolkit/files/package-text.ts';
import costs from '../../../../kernels-c/mcu/costs.json?raw';

const accelerators = import.meta.glob<string>('../../../../accelerators/*.json', {
  query: '?raw',
  import: 'default',
  eager: true,
});

export const packageText: typeof Node.packageText = (path) => {
  const text = path === 'kernels-c/mcu/costs.json' ? costs : accelerators[`../../../../${path}`];
  if (text === undefined) throw new Error(`internal: ${path} is not in the bundle`);
  return text;
};
