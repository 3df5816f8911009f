/** Calibration in the page: the planned network, packed, beside the uncompressed one in 8 bits. */

import { calibrate } from '#toolkit/compress/calibrate/calibrate.ts';
import type { CalibratedLayer } from '#toolkit/compress/calibrate/records.ts';
import { type Calibration, exportOnnx } from '#toolkit/export/onnx/index.ts';
import { TritbankError } from '#toolkit/ir/index.ts';
import { writeModel } from '#toolkit/onnx/write.ts';
import type { Plan } from '#toolkit/quantize/index.ts';
import type { Call } from '../rpc.ts';
import type { Bench } from './bench.ts';
import type { PictureSet } from './images.ts';
import { prepareRuntime } from './libraries.ts';

export interface CompressRequest {
  readonly plan: Plan;
  /** Activations as floats with filters in 16 bits, or both in 8 bits. */
  readonly bits: 'fp16' | 'int8';
  readonly labels: readonly string[] | null;
}

export interface Compressed {
  readonly model: Uint8Array;
  /** The uncompressed network, stored the same way, and in 8 bits. */
  readonly original: Uint8Array;
  readonly control: Uint8Array;
  readonly layers: readonly CalibratedLayer[];
  readonly images: number;
  readonly seconds: number;
}

/** Most images that are looked at; more add minutes and hardly anything else. */
const mostImages = 256;

/** `normalisation` of the bench has to be known. */
export async function compress(
  { network, normalisation, sensitivity }: Bench,
  { split }: PictureSet,
  { plan, bits, labels }: CompressRequest,
  call: Call,
): Promise<Compressed> {
  if (!normalisation) {
    throw new TritbankError('E_MODEL', 'normalisation', 'expected how pixels are normalised, found nothing');
  }
  const started = performance.now();
  await prepareRuntime();
  const images = Math.min(mostImages, split.length);
  const chunk = Math.max(1, Math.min(8, Math.floor(images / 2)));
  const { graph, layers } = await calibrate(network, plan, split, {
    ...{ images, chunk, normalisation, signal: call.signal },
    ...(sensitivity && { sensitivity }),
    onProgress: ({ share, layer }) => call.report(0.9 * share, `calibrating ${layer}`),
  });
  call.report(0.9, 'packing');
  const calibration: Calibration = { split, normalisation, images: Math.min(64, images), signal: call.signal };
  const named = labels ? { labels } : {};
  const forms = {
    fp16: { activations: 'float', filters: 'fp16' },
    int8: { activations: 'int8', calibration },
  } as const;
  const packed = writeModel(await exportOnnx(graph, { ...forms[bits], ...named }));
  call.report(0.95, 'packing the original');
  const original = writeModel(await exportOnnx(network, { activations: 'float', filters: 'fp16', ...named }));
  const control = writeModel(await exportOnnx(network, { ...forms.int8, ...named }));
  const seconds = (performance.now() - started) / 1000;
  return { model: packed, original, control, layers, images, seconds };
}
