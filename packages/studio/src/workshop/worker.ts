/** The worker that has the network on its bench: everything that takes longer than a frame is done here. */

import type { Analysis } from '#toolkit/compress/sensitivity.ts';
import { TritbankError } from '#toolkit/ir/index.ts';
import type { LayerPlan } from '#toolkit/quantize/index.ts';
import { stopSolving } from '../platform/compress-planning-solver-here.ts';
import { type Call, handOver, serve } from '../rpc.ts';
import { analyse } from './analyse.ts';
import { bankOf } from './banks.ts';
import { type Bench, filtersOf, type OpenRequest, open } from './bench.ts';
import { type CompressRequest, compress } from './compress.ts';
import { type Picture, type PictureSet, readPictures } from './images.ts';
import { type Bits, type FrontRequest, frontPoint, type PlanRequest, plan, rivals } from './planning.ts';
import { atOnce, thoroughly } from './solvers.ts';

let bench: Bench | undefined;
let pictures: PictureSet | undefined;

function onBench(): Bench {
  if (bench) return bench;
  throw new TritbankError('E_USAGE', 'workshop', 'expected a network, found none');
}

const methods = {
  async open(request: OpenRequest) {
    const found = await open(request);
    bench = found.bench;
    pictures = undefined;
    return found.opened;
  },
  filters: ({ layer }: { readonly layer: string }) => {
    const found = filtersOf(onBench(), layer);
    return handOver(found, [found.weights.buffer as ArrayBuffer]);
  },
  bank: ({ layer, plan: planned }: { readonly layer: string; readonly plan: LayerPlan }) =>
    bankOf(onBench(), layer, planned),
  /** Images of the user, for analyses and for calibration. */
  async pictures({ files }: { readonly files: readonly Picture[] }, call: Call) {
    const { image } = onBench();
    if (!image) throw new TritbankError('E_MODEL', 'images', 'expected a network that takes images, found another');
    pictures = await readPictures(files, image, call);
    return { count: pictures.split.length, refused: pictures.refused };
  },
  analyse: (_: null, call: Call): Promise<Analysis> => analyse(onBench(), pictures, call),
  /** At once, near the best. */
  plan: (request: PlanRequest) => plan(onBench(), request, atOnce),
  /** The same with the solver, which has its own worker: plans are made meanwhile. */
  async refine(request: PlanRequest, { signal }: Call) {
    signal.addEventListener('abort', stopSolving);
    try {
      return await plan(onBench(), request, thoroughly);
    } finally {
      signal.removeEventListener('abort', stopSolving);
    }
  },
  frontPoint: (request: FrontRequest) => frontPoint(onBench(), request),
  rivals: ({ bits }: { readonly bits: Bits }) => rivals(onBench(), bits),
  async compress(request: CompressRequest, call: Call) {
    if (!pictures) throw new TritbankError('E_DATA', 'images', 'expected images to calibrate on, found none');
    return compress(onBench(), pictures, request, call);
  },
};

export type Workshop = typeof methods;

serve(methods, { beside: ['refine'] });
