/** In the place of the toolkit's `compress/planning/load-highs.ts`: its WebAssembly is a gzipped file of the page. */

import binaryFile from 'virtual:highs';
import type { Highs } from 'highs';
import load from 'highs';
import type * as Node from '#toolkit/compress/planning/load-highs.ts';
import { unpack } from '../workshop/unpack.ts';

let loaded: Promise<Highs> | undefined;

export const loadHighs: typeof Node.loadHighs = () => {
  loaded ??= unpack(binaryFile, 'HiGHS').then((binary) => {
    const url = URL.createObjectURL(new Blob([binary], { type: 'application/wasm' }));
    return load({ locateFile: () => url });
  });
  return loaded;
};
