/** HiGHS, as its package finds its WebAssembly. A bundle for browsers puts another module in this one's place. */

import type { Highs } from 'highs';

let loaded: Promise<Highs> | undefined;

/** The solver, loaded when it is first asked for. */
export function loadHighs(): Promise<Highs> {
  // typed as a CommonJS module, whose default export an import would find one level deeper than it is
  type Load = typeof import('highs')['default'];
  loaded ??= import('highs').then((module) => (module.default as unknown as Load)());
  return loaded;
}
