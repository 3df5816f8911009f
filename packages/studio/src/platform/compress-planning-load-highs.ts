/** In the place of the toolkit's `compress/planning/load-highs.ts`: its WebAssembly is a gzipped file of the page. */

import type { Highs } from 'highs';
import load from 'highs';
import type * as Node from '#toolkit/compress/planning/load-highs.ts';
import { solverBinary } from '../workshop/libraries.ts';

let loaded: Promise<Highs> | undefined;

export const loadHighs: typeof Node.loadHighs = () => {
  loaded ??= solverBinary().then((binary) => {
    const url = URL.createObjectURL(new Blob([binary], { type: 'application/wasm' }));
    return load({ locateFile: () => url });
  });
  return loaded;
};
