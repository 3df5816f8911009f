/**
 * What runs: calls of kernels and of plain loops with all addresses known, as plain data, so that worker threads can be
 * given it. Every step can be divided by its range: pixels of a product, channels or elements of the rest.
 */

import type { UnaryFunction } from '../../ops/arithmetic/functions.ts';
import type { DenseKernel } from '../dense/kernel.ts';
import type {
  AddInt8Call,
  DepthwiseCall,
  ElementType,
  PatchesCall,
  PoolCall,
  PreparedProduct,
  ProductCall,
  QuantizeCall,
  Window,
} from '../kernels/kernels.ts';
import type { BinaryOp } from '../lower/layers.ts';

/** Planes at an address. */
export interface PlanesAt {
  readonly address: number;
  readonly channels: number;
  readonly pixels: number;
}

interface LoopCall {
  readonly x: number;
  readonly y: number;
  readonly channels: number;
  readonly pixels: number;
}

/** y = clamp(multipliers[c] x + biases[c]); arrays of float32 by address. */
export interface AffineCall extends LoopCall {
  readonly multipliers: number;
  readonly biases: number;
  readonly lower: number;
  readonly upper: number | { readonly address: number };
}

export interface UnaryCall extends LoopCall {
  readonly functions: readonly UnaryFunction[];
}

/** y = table[x + 128], int8. */
export interface TableCall extends LoopCall {
  readonly table: number;
}

export interface BinaryCall extends Omit<LoopCall, 'x'> {
  readonly operator: BinaryOp;
  readonly a: number;
  readonly b: number;
  /** Whether `b` has one value a channel. */
  readonly isPerChannel: boolean;
  readonly lower: number;
  readonly upper: number | { readonly address: number };
}

export interface MoveCall {
  readonly type: ElementType;
  readonly x: PlanesAt;
  readonly y: PlanesAt;
  readonly dims: readonly number[];
  readonly strides: readonly number[];
  readonly offset: number;
}

export interface ChannelsCall extends LoopCall {
  readonly type: ElementType;
  readonly indices: Int32Array;
}

export interface PadCall extends LoopCall {
  readonly type: ElementType;
  readonly height: number;
  readonly width: number;
  readonly pads: Window['pads'];
  /** Channels in front of those of x, and how many x has. */
  readonly before: number;
  readonly inputs: number;
  readonly value: number;
}

export interface SoftmaxCall {
  readonly x: PlanesAt;
  readonly y: PlanesAt;
  readonly size: number;
  readonly inner: number;
  readonly isLog: boolean;
}

/** Elements of a constant at an address, or those of planes. */
export type DenseOperand = PlanesAt | { readonly address: number; readonly count: number };

export interface DenseCall {
  readonly kernel: DenseKernel;
  readonly operands: readonly DenseOperand[];
  readonly y: PlanesAt;
}

export type StepCall =
  | { readonly run: 'product'; readonly call: ProductCall; readonly prepared: PreparedProduct }
  | { readonly run: 'depthwise'; readonly call: DepthwiseCall; readonly scratchBytes: number }
  | { readonly run: 'patches'; readonly call: PatchesCall }
  | { readonly run: 'pool'; readonly call: PoolCall }
  | { readonly run: 'addInt8'; readonly call: AddInt8Call }
  | { readonly run: 'quantize' | 'dequantize'; readonly call: QuantizeCall }
  | { readonly run: 'affine'; readonly call: AffineCall }
  | { readonly run: 'unary'; readonly call: UnaryCall }
  | { readonly run: 'table'; readonly call: TableCall }
  | { readonly run: 'binary'; readonly call: BinaryCall }
  | { readonly run: 'move'; readonly call: MoveCall }
  | { readonly run: 'channels'; readonly call: ChannelsCall }
  | { readonly run: 'pad'; readonly call: PadCall }
  | { readonly run: 'softmax'; readonly call: SoftmaxCall }
  | { readonly run: 'dense'; readonly call: DenseCall };

export type Step = StepCall & {
  /** The node and its operator, of which this is the work or a part of it. */
  readonly name: string;
  readonly op: string;
};

/** What a step is called in a profile: the product's variant, the pool's kind, or the loop's name. */
export function variantOf(step: Step): string {
  if (step.run === 'product') return step.prepared.variant;
  if (step.run === 'depthwise') return `depthwise_${step.call.epilogue.type}`;
  if (step.run === 'patches') return `patches_${step.call.type}`;
  if (step.run === 'pool') return `${step.call.kind}_pool_${step.call.quantization.type}`;
  return step.run === 'dense' ? `dense_${step.call.kernel.run}` : step.run;
}
