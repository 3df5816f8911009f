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
 * paper leaves them out; nor are the bounds that a ReLU6 has for each filter where such a scale moved past it.
 * `outputScales` says how many there are, so that nothing is hidden. Schemes of files count these too, and what a file has
 * besides values: nodes, names and shapes.
 */

import type { Graph, TernaryCounts } from '../ir/index.ts';
import { type ActivationType, activationTypeOf } from '../passes/index.ts';
import { countedForm } from './counted-form.ts';
import { type Group, groupLayers } from './groups.ts';
import { measureStructure } from './structure.ts';

/** How ternary weights are stored: `packedBytes` says what each takes. */
export const packings = ['two-bit', 'five-trit', 'entropy'] as const;
export type Packing = (typeof packings)[number];

/** Bits of each kind of value; those of ternary weights follow from their packing. */
export interface StorageScheme {
  readonly packing: Packing;
  /** Bits of a weight of a full-precision filter, depthwise ones apart. */
  readonly filterBits: number;
  /** Bits of a weight of a full-precision depthwise filter. */
  readonly depthwiseBits: number;
  /** Bits of any other value: biases and the scales `a`. */
  readonly otherBits: number;
  /** Bits of a scale that stays behind a ternary filter. 0: it is not counted. */
  readonly outputScaleBits: number;
  /** Bits of the scale by which a filter's integers are multiplied, of ternary filters too. Absent: not counted. */
  readonly filterScaleBits?: number;
  /** The graph's nodes, names and shapes, as an ONNX file has them. Absent: left out. */
  readonly structure?: 'counted';
}

export type StorageMethod = 'fp' | 'twn' | 'strassen' | 'hybrid';
export type StorageSchemeName = StorageMethod | 'hybrid-fp16' | 'int8' | 'hybrid-int8' | 'packed' | 'packed-int8';

const twoBit = { packing: 'two-bit', outputScaleBits: 0 } as const;
const file = { packing: 'five-trit', otherBits: 32, structure: 'counted' } as const;

/**
 * The paper's four, and five that it lacks: the hybrid's in which layers that stayed as they were keep the bits of `fp`, 8
 * bits for every value, the hybrid's with 8 bits for every weight, and the files that `exportOnnx` writes, with float and
 * with 8-bit activations. In the latter, integers of every filter have a scale, which stands for the scale behind a
 * ternary filter as well.
 */
export const storageSchemes: Readonly<Record<StorageSchemeName, StorageScheme>> = {
  fp: { ...twoBit, filterBits: 16, depthwiseBits: 16, otherBits: 16 },
  twn: { ...twoBit, filterBits: 16, depthwiseBits: 16, otherBits: 2 },
  strassen: { ...twoBit, filterBits: 32, depthwiseBits: 32, otherBits: 32 },
  hybrid: { ...twoBit, filterBits: 16, depthwiseBits: 32, otherBits: 32 },
  'hybrid-fp16': { ...twoBit, filterBits: 16, depthwiseBits: 16, otherBits: 16 },
  int8: { ...twoBit, filterBits: 8, depthwiseBits: 8, otherBits: 8 },
  'hybrid-int8': { ...twoBit, filterBits: 8, depthwiseBits: 8, otherBits: 32 },
  packed: { ...file, filterBits: 16, depthwiseBits: 16, outputScaleBits: 32 },
  'packed-int8': { ...file, filterBits: 8, depthwiseBits: 8, outputScaleBits: 0, filterScaleBits: 32 },
};

/**
 * Bytes of one ternary matrix, a fraction where its last byte is not full: 2 bits a weight; five weights to a byte
 * (3^5 = 243 < 256), whole bytes; or the entropy of its own three frequencies, the bound of every code that knows
 * nothing else (Shannon 1948).
 */
export function packedBytes({ minus, zero, plus }: TernaryCounts, packing: Packing): number {
  const total = minus + zero + plus;
  if (packing === 'two-bit') return total / 4;
  if (packing === 'five-trit') return Math.ceil(total / 5);
  const bits = [minus, zero, plus].map((count) => (count > 0 ? count * Math.log2(total / count) : 0));
  return bits.reduce((a, b) => a + b, 0) / 8;
}

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
  /** Weights, biases and scales `a`, whatever the scheme; scales behind ternary filters are `outputScales`. */
  readonly parameters: number;
  /** Whole bytes: the layer's bits, rounded up. */
  readonly bytes: number;
  /** Scales left behind ternary filters. */
  readonly outputScales: number;
  /** How many ternary weights are -1, 0 and 1; absent for a layer without any. */
  readonly ternary?: TernaryCounts;
}

/** Sums over the layers, over float constants that belong to none (at `otherBits`), and the structure. */
export interface Storage {
  readonly parameters: number;
  readonly bytes: number;
  /** Of nodes, names and shapes, if the scheme counts them, else 0. */
  readonly structureBytes: number;
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

const addCounts = (a: TernaryCounts, b: TernaryCounts): TernaryCounts => ({
  minus: a.minus + b.minus,
  zero: a.zero + b.zero,
  plus: a.plus + b.plus,
});

/**
 * What a layer takes under a scheme: values, and whole bytes. Filters with bits of their own have these, where they are
 * fewer than the scheme's.
 *
 * @example
 * import { countGraph, measureLayer, storageSchemes } from 'tritbank/cost';
 * import { loadModel } from 'tritbank/graph';
 *
 * const { layers } = countGraph(await loadModel('mobilenet.onnx'));
 * const bytes = layers.map(({ group }) => measureLayer(group, storageSchemes.fp).bytes); // 2 a value
 */
export function measureLayer(group: Group, scheme: StorageScheme): StorageLayer {
  const { name, kind, filters, fullPrecision, hidden, trits, weights, weightsByBits, others, outputScales, matrices } =
    group;
  const weightBits = kind === 'depthwise' ? scheme.depthwiseBits : scheme.filterBits;
  const scaleBits = outputScales * scheme.outputScaleBits + filters * (scheme.filterScaleBits ?? 0);
  const fewer = [...weightsByBits].map(([own, count]) => count * Math.min(0, own - weightBits));
  const bits = weights * weightBits + sum(fewer, (n) => n) + others * scheme.otherBits + scaleBits;
  return {
    name,
    kind,
    method: methodOf(group),
    filters,
    fullPrecision,
    hidden,
    parameters: trits + weights + others,
    bytes: Math.ceil(bits / 8 + sum(matrices, (matrix) => packedBytes(matrix, scheme.packing))),
    outputScales,
    ...(trits > 0 ? { ternary: matrices.reduce(addCounts) } : {}),
  };
}

const sum = <T>(items: readonly T[], f: (item: T) => number) => items.reduce((total, item) => total + f(item), 0);

/**
 * A scheme by its name; by default that of files with 8-bit activations, or the one that fits the layers: the paper's, or
 * `hybrid-fp16` for hybrids, of which the paper's doubles the bits of layers that stayed as they were.
 */
export function chooseScheme(
  groups: readonly Group[],
  activations: ActivationType,
  scheme?: StorageSchemeName | StorageScheme,
): StorageScheme {
  if (typeof scheme === 'object') return scheme;
  if (scheme !== undefined) return storageSchemes[scheme];
  if (activations === 'int8') return storageSchemes['packed-int8'];
  const method = methodIn(groups);
  return storageSchemes[method === 'hybrid' ? 'hybrid-fp16' : method];
}

/**
 * Measures an exported graph, packed or not, or any inference graph as it would be after its batch norms are folded.
 * `scheme` is one by name, or figures; by default the named one that fits the graph. The graph is not changed. Throws
 * E_UNSUPPORTED where a scheme counts the structure of a graph that no file can have.
 *
 * @example
 * import { loadModel, measureStorage } from 'tritbank';
 *
 * const graph = await loadModel('small.onnx');
 * const { bytes, layers } = measureStorage(graph, 'packed-int8');
 * for (const { name, method, bytes: share } of layers) console.log(name, method, share / bytes);
 */
export function measureStorage(graph: Graph, scheme?: StorageSchemeName | StorageScheme): Storage {
  const { groups, rest } = groupLayers(countedForm(graph));
  const chosen = chooseScheme(groups, activationTypeOf(graph), scheme);
  const layers = groups.map((group) => measureLayer(group, chosen));
  const structureBytes = chosen.structure === 'counted' ? measureStructure(graph) : 0;
  return {
    parameters: sum(layers, (l) => l.parameters) + rest,
    bytes: sum(layers, (l) => l.bytes) + Math.ceil((rest * chosen.otherBits) / 8) + structureBytes,
    structureBytes,
    outputScales: sum(layers, (l) => l.outputScales),
    layers,
  };
}
