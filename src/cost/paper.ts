/**
 * Table I of Gope, Beu, Thakker, Mattina, "Aggressive Compression of MobileNets Using Hybrid Ternary Layers" (in full:
 * arXiv 1911.01028), as printed: MobileNet-V1 0.5, ImageNet, 224 x 224. Used for comparison only: nothing is computed
 * from these figures. Absent is what we have no figure of.
 */

export interface PaperRow {
  /** ImageNet top-1 in per cent. */
  readonly top1: number;
  /** KB of 1024 bytes. */
  readonly sizeKB: number;
  /** Change of multiplications against the baseline, in per cent. */
  readonly multiplicationsChange?: number;
  /** Change of additions against the baseline's MACs, in per cent. */
  readonly additionsChange?: number;
  /** Whether the additions inside MACs are part of `additionsChange`. */
  readonly additionsInclude?: 'macs';
  /** Fractions of the baseline's. */
  readonly energy: number;
  readonly throughput: number;
}

export const paperRows = {
  baseline: { top1: 65.2, sizeKB: 2590, energy: 1, throughput: 1 },
  twn: { top1: 55.54, sizeKB: 323.7, multiplicationsChange: -100, additionsChange: 0, energy: 0.2, throughput: 2 },
  strassen: { top1: 65.14, sizeKB: 1178.9, additionsChange: 317.5, energy: 0.9, throughput: 0.46 },
  hybrid: {
    top1: 64.69,
    sizeKB: 1267.1,
    multiplicationsChange: -46.4,
    additionsChange: 48,
    additionsInclude: 'macs',
    energy: 0.72,
    throughput: 1,
  },
} as const satisfies Readonly<Record<string, PaperRow>>;
