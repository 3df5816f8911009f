/**
 * What a network takes to store, counted from its graph: values and bytes per layer, under a scheme that says how many
 * bytes each kind of value takes. The named schemes are those behind the sizes of Table I of Gope et al.,
 * arXiv 1911.01028, which they reproduce for MobileNet-V1 0.5 at 1000 classes:
 *
 *   fp        every value at 2 bytes                                                              2590.08 KB
 *   twn       every value at 2 bits, biases too                                                    323.76 KB
 *   strassen  ternary weights at 2 bits, every other value at 4 bytes                             1178.93 KB
 *   hybrid    ternary weights at 2 bits, full-precision filters (but depthwise ones) at 2 bytes,
 *             every other value at 4 bytes                                                        1270.75 KB
 *
 * Counted are weights, biases after batch norms are folded, and the scales `a` of strassenified convolutions. Scales
 * that stay behind ternary filters (one per output channel, where no full-precision layer can take them) are not: the
 * paper leaves them out. `outputScales` says how many there are, so that nothing is hidden.
 * Left out: packing and entropy coding, which are matters of a file format.
 */

import type { Graph } from '../ir/index.ts';
import { foldBatchNorm } from '../passes/index.ts';
import { type Group, groupLayers } from './groups.ts';

export interface StorageScheme {
  /** Bits of a ternary weight. */
  readonly ternaryBits: number;
  /** Bytes of a weight of a full-precision filter, depthwise ones apart. */
  readonly filterBytes: number;
  /** Bytes of a weight of a full-precision depthwise filter. */
  readonly depthwiseBytes: number;
  /** Bytes of any other value: biases and the scales `a`. */
  readonly otherBytes: number;
  /** Bytes of a scale that stays behind a ternary filter. 0: it is not counted, neither in bytes nor in parameters. */
  readonly outputScaleBytes: number;
}

export type StorageMethod = 'fp' | 'twn' | 'strassen' | 'hybrid';

export const storageSchemes: Readonly<Record<StorageMethod, StorageScheme>> = {
  fp: { ternaryBits: 2, filterBytes: 2, depthwiseBytes: 2, otherBytes: 2, outputScaleBytes: 0 },
  twn: { ternaryBits: 2, filterBytes: 2, depthwiseBytes: 2, otherBytes: 0.25, outputScaleBytes: 0 },
  strassen: { ternaryBits: 2, filterBytes: 4, depthwiseBytes: 4, otherBytes: 4, outputScaleBytes: 0 },
  hybrid: { ternaryBits: 2, filterBytes: 2, depthwiseBytes: 4, otherBytes: 4, outputScaleBytes: 0 },
};

/** One layer of the original network; the parts of a filter bank are one layer. */
export interface StorageLayer {
  readonly name: string;
  readonly kind: 'conv' | 'depthwise' | 'pointwise' | 'classifier';
  readonly method: StorageMethod;
  readonly filters: number;
  /** Filters kept in full precision. */
  readonly fullPrecision: number;
  /** Hidden units r of the strassenified part; 0 without one. */
  readonly hidden: number;
  /** Values that the scheme counts. */
  readonly parameters: number;
  /** Whole bytes: the layer's bits, rounded up. */
  readonly bytes: number;
  /** Scales left behind ternary filters. */
  readonly outputScales: number;
  /** How many ternary weights are -1, 0 and 1; absent for a layer without any. */
  readonly ternary?: { readonly minus: number; readonly zero: number; readonly plus: number };
}

/** Sums over the layers, and over float constants that belong to none (at `otherBytes`). */
export interface Storage {
  readonly parameters: number;
  readonly bytes: number;
  readonly outputScales: number;
  readonly layers: readonly StorageLayer[];
}

/** The method of a layer, from its parts. */
function methodOf(group: Group): StorageMethod {
  if (group.hidden > 0) return group.fullPrecision > 0 ? 'hybrid' : 'strassen';
  return group.trits > 0 ? 'twn' : 'fp';
}

/** The scheme of the paper that fits the graph: by its layers, the most mixed one that occurs. */
function methodIn(groups: readonly Group[]): StorageMethod {
  const found = new Set(groups.map(methodOf));
  const isMixed = found.has('strassen') && groups.some((g) => methodOf(g) === 'fp' && g.kind !== 'depthwise');
  return found.has('hybrid') || isMixed
    ? 'hybrid'
    : found.has('strassen')
      ? 'strassen'
      : found.has('twn')
        ? 'twn'
        : 'fp';
}

function measureLayer(group: Group, scheme: StorageScheme): StorageLayer {
  const { name, kind, filters, fullPrecision, hidden, trits, weights, others, outputScales, ternary } = group;
  const weightBytes = kind === 'depthwise' ? scheme.depthwiseBytes : scheme.filterBytes;
  const bytes = weights * weightBytes + others * scheme.otherBytes + outputScales * scheme.outputScaleBytes;
  return {
    name,
    kind,
    method: methodOf(group),
    filters,
    fullPrecision,
    hidden,
    parameters: trits + weights + others + (scheme.outputScaleBytes > 0 ? outputScales : 0),
    bytes: Math.ceil(bytes + (trits * scheme.ternaryBits) / 8),
    outputScales,
    ...(trits > 0 ? { ternary } : {}),
  };
}

const sum = <T>(items: readonly T[], f: (item: T) => number) => items.reduce((total, item) => total + f(item), 0);

/**
 * Measures an exported graph, or any inference graph as it would be after its batch norms are folded. `scheme` is one
 * of the paper's by name, or figures; by default the named one that fits the graph. The graph is not changed.
 */
export function measureStorage(graph: Graph, scheme?: StorageMethod | StorageScheme): Storage {
  let folded = graph;
  if (graph.nodes.some((n) => n.op === 'BatchNormalization')) {
    folded = graph.clone();
    foldBatchNorm(folded);
  }
  const { groups, rest } = groupLayers(folded);
  const chosen = typeof scheme === 'object' ? scheme : storageSchemes[scheme ?? methodIn(groups)];
  const layers = groups.map((group) => measureLayer(group, chosen));
  return {
    parameters: sum(layers, (l) => l.parameters) + rest,
    bytes: sum(layers, (l) => l.bytes) + Math.ceil(rest * chosen.otherBytes),
    outputScales: sum(layers, (l) => l.outputScales),
    layers,
  };
}
