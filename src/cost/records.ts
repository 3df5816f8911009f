/**
 * What a cost measurement says, as plain numeric records: formatting is in `report/`. Counts are per inference of one
 * image, energies in the accelerator's unit, bytes as the storage scheme has them.
 */

import type { ActivationType } from '../passes/index.ts';
import type { StorageLayer, StorageScheme } from './storage.ts';

/** Operations of a layer or network, by what causes them. Which of them count is a matter of `Conventions`. */
export interface OperationCounts {
  /** Products of a full-precision weight and an activation that are added up. */
  readonly macs: number;
  /** Additions and subtractions by ternary weights, those by zero included. */
  readonly ternary: number;
  /** Those whose weight is not zero. */
  readonly ternaryNonZero: number;
  /** Additions of a bias, one per output of a layer that has biases. */
  readonly biases: number;
  /** Products with the scales `a` of hidden units. */
  readonly scales: number;
  /** Products with scales that stay behind ternary filters. */
  readonly outputScales: number;
  /** Products outside of layers: squeeze-and-excite, averages of a pool. */
  readonly elementwiseMultiplications: number;
  /** Additions outside of layers: residual connections, sums of a pool. */
  readonly elementwiseAdditions: number;
  /** ReLU, Clip, maxima. */
  readonly comparisons: number;
  /** Divisions, roots, exponentials, logarithms: counted, and in no energy. */
  readonly functions: number;
}

/** How operations are counted. The paper's: `paperConventions`. */
export interface Conventions {
  /** An addition for every ternary weight (`dense`, as the paper counts), or for those that are not zero. */
  readonly ternary: 'dense' | 'zero-skipping';
  /** A bias is an addition per output (`added`), or the accumulator starts with it and it costs nothing. */
  readonly biases: 'added' | 'preloaded';
  /** Products with scales that stay behind ternary filters; the paper leaves them out. */
  readonly outputScales: 'left-out' | 'counted';
  /** Operations outside of layers; the paper leaves them out. */
  readonly elementwise: 'left-out' | 'counted';
}

/** Operations as one convention counts them. */
export interface Arithmetic {
  readonly macs: number;
  /** Products outside of MACs. */
  readonly products: number;
  /** `macs + products`. */
  readonly multiplications: number;
  /** Additions outside of MACs. */
  readonly additions: number;
  /** `macs + additions`: the other convention for additions, in which a MAC is an addition too. */
  readonly additionsWithMacs: number;
}

/** What of a layer an accelerator has to do and move. */
export interface Work {
  readonly name: string;
  readonly macs: number;
  readonly products: number;
  readonly additions: number;
  readonly weightBytes: number;
  readonly inputBytes: number;
  readonly outputBytes: number;
}

export interface LayerCost extends Arithmetic {
  readonly name: string;
  /** `other`: an operator outside of the layers. */
  readonly kind: StorageLayer['kind'] | 'other';
  readonly method: StorageLayer['method'];
  readonly filters: number;
  /** Filters kept in full precision. */
  readonly fullPrecision: number;
  /** Hidden units r of the strassenified part; 0 without one. */
  readonly hidden: number;
  readonly counts: OperationCounts;
  readonly parameters: number;
  /** Stored bytes. */
  readonly bytes: number;
  /** Activations that the layer reads and writes. */
  readonly inputBytes: number;
  readonly outputBytes: number;
  /** Operations (a MAC is two) per byte of weights, inputs and outputs. */
  readonly intensity: number;
  /** Energy of the arithmetic. */
  readonly energy: number;
  /** Energy of moving weights, inputs and outputs once (hidden units stay inside); 0 where the accelerator has no memory energies. */
  readonly memoryEnergy: number;
  /** Share of the array's area that is busy while this layer runs on the network's fixed split; 0 for no arithmetic. */
  readonly utilisation: number;
}

/** One node of the graph. */
export interface NodeCost extends Arithmetic {
  readonly name: string;
  readonly op: string;
  /** The layer it belongs to; absent for operators outside of layers. */
  readonly layer?: string;
  /** Constant values that it reads, shapes and the like left out. */
  readonly parameters: number;
  /** Bytes of its outputs. */
  readonly outputBytes: number;
  readonly counts: OperationCounts;
}

/** Operators of which nothing is known: the totals leave them out. */
export interface UnknownOperator {
  /** With its domain: `com.microsoft.FusedConv`. */
  readonly op: string;
  readonly nodes: number;
  /** Elements of their outputs, as far as shapes are known. */
  readonly elements: number;
}

/**
 * Figures of a whole network as fractions of its uncompressed form: full-precision weights, stored at 16 bits a value,
 * in the same number format, counted by the same conventions.
 */
export interface Relative {
  readonly size: number;
  readonly multiplications: number;
  /** Of the arithmetic. */
  readonly energy: number;
  /** Of moving weights, inputs and outputs; absent where the accelerator has no memory energies. */
  readonly memoryEnergy?: number;
  /** Of both together; absent likewise. */
  readonly totalEnergy?: number;
  /** Of the area-equivalent array at the best split of its area, all units busy. */
  readonly throughput: number;
}

/** Of what, on what and how a cost is measured. */
export interface CostSetting {
  /** The graph's name. */
  readonly name: string;
  readonly accelerator: string;
  /** Number format of the activations and full-precision weights: a key of the accelerator's `formats`. */
  readonly format: string;
  readonly conventions: Conventions;
  readonly scheme: StorageScheme;
}

export interface NetworkCost extends Arithmetic, CostSetting {
  /** Layers in execution order; operators outside of layers are gathered by operator behind them. */
  readonly layers: readonly LayerCost[];
  /** All nodes in execution order, those that do nothing but move data included. */
  readonly nodes: readonly NodeCost[];
  /** Images per inference: the size of the input's first dimension, 1 where that is symbolic. */
  readonly batch: number;
  /** As the network has them; whichever they are, layers and operations are those of the float network. */
  readonly activations: ActivationType;
  readonly counts: OperationCounts;
  readonly parameters: number;
  readonly bytes: number;
  /** Of nodes, names and shapes, as a part of `bytes`; 0 where the scheme leaves them out. */
  readonly structureBytes: number;
  /** Scales that stay behind ternary filters, whether or not the scheme counts them. */
  readonly outputScales: number;
  /** Largest sum of activations alive at the same time, buffers reused in place; NaN where a shape is not known. */
  readonly peakActivationBytes: number;
  /** Bytes of weights, inputs and outputs, each moved once a layer. */
  readonly trafficBytes: number;
  readonly intensity: number;
  readonly energy: number;
  readonly memoryEnergy: number;
  /** Area of an array on which the inference takes one cycle, all units busy: in the accelerator's area unit. */
  readonly areaTime: number;
  /** Share of the array's area in MAC units with which all units are busy. */
  readonly split: number;
  /** The best (or the given) split when the layers run one after another on the same array. */
  readonly fixedSplit: {
    readonly split: number;
    /** Share of the area that is busy, on average over time. */
    readonly utilisation: number;
    /** Relative to the uncompressed network on an array whose units are all busy. */
    readonly throughput: number;
  };
  readonly relative: Relative;
  readonly unknown: readonly UnknownOperator[];
  readonly energyUnit: string;
  readonly areaUnit: string;
}

/** One configuration of a sweep. */
export interface SweepPoint extends Arithmetic {
  readonly alpha: number;
  readonly widthRatio: number;
  readonly parameters: number;
  readonly bytes: number;
  readonly energy: number;
  /** Predicted loss before training, where the filters' sensitivity is known, in the analysis' unit. */
  readonly loss?: number;
  readonly relative: Relative;
  /** No other point is at least as good in size, energy and loss (throughput where no loss is known), and better in one. */
  readonly pareto: boolean;
}

/** Configurations of hybrid filter banks over one uncompressed network. */
export interface Sweep extends CostSetting {
  /** The uncompressed network with every value at 8 bits, in the accelerator's int8 format if it has one: what points compete with. */
  readonly control: Pick<SweepPoint, 'bytes' | 'multiplications' | 'additions' | 'energy' | 'relative'>;
  /** One for every pair of alpha and width ratio, alphas outermost. */
  readonly points: readonly SweepPoint[];
}
