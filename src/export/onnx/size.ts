/**
 * What an export should take to store, from `cost`'s count of its values. The count leaves out the scales of filters that
 * 8 bits need; they are told apart here, one float32 for each filter that has none in the network already.
 */

import { measureStorage, type StorageScheme } from '../../cost/index.ts';
import { type Graph, isTernary } from '../../ir/index.ts';
import { Linear } from '../../passes/index.ts';
import { integerBits } from './filters.ts';
import type { ExportForms } from './options.ts';

export interface PredictedSize {
  /** The scheme of `tritbank cost` that the forms amount to. */
  readonly scheme: StorageScheme;
  /** Bytes of all values under the scheme. */
  readonly bytes: number;
  /** Bytes of scales that the scheme does not know of. */
  readonly scaleBytes: number;
}

const bitsOf = { fp16: 16, int8: 8, int4: 4, fp32: 32 } as const;

/** Undefined where ternary weights are not packed, which no scheme has. `network` is the normalized float network. */
export function predictSize(network: Graph, { activations, filters, ternary }: ExportForms): PredictedSize | undefined {
  if (ternary !== 'five-trit') return undefined;
  const bits = bitsOf[filters];
  const scheme: StorageScheme = {
    packing: 'five-trit',
    filterBits: bits,
    depthwiseBits: Math.max(bits, 8),
    otherBits: 32,
    outputScaleBits: 32,
  };
  const { bytes, outputScales, layers } = measureStorage(network, scheme);
  const linears = network.nodes.map(Linear.of).filter((linear) => linear !== undefined);
  const isScaled = ({ weight }: Linear) => activations === 'int8' || !isTernary(weight.constant!);
  const scaled = integerBits(filters) !== undefined ? linears.filter(isScaled) : [];
  const known = activations === 'int8' ? layers.reduce((sum, layer) => sum + layer.hidden, outputScales) : 0;
  const scales = scaled.reduce((sum, linear) => sum + linear.filters, 0);
  return { scheme, bytes, scaleBytes: 4 * Math.max(0, scales - known) };
}
