/** A compiled network: programs, and what the memories hold. */

import type { IntegerNetwork } from '../integer/index.ts';
import type { ArrayParameters } from './array.ts';
import type { RowParameters } from './multipliers.ts';
import type { Access } from './order.ts';
import type { PixelOrders } from './pixel-orders.ts';
import type { AdderInstruction, MacInstruction } from './program.ts';
import type { Slots } from './slots.ts';

/** Words of parameters: what a row needs, and where its words go. */
export interface ParameterWord extends RowParameters {
  readonly offset: number;
}

/** What one engine computes of a layer, for any image: addresses of activations are those of image 0. */
export interface Task {
  readonly step: number;
  readonly layer: number;
  readonly name: string;
  readonly instruction: MacInstruction | AdderInstruction;
  /** Words of each row or block of both stages, for the adders. */
  readonly lengths?: readonly [Int32Array, Int32Array?];
  readonly cycles: number;
  /** Whether x is the image, which lies apart. */
  readonly readsInput: boolean;
  /** Additions without zeros, or multiplications, that the layer asks for: of pixels, not of idle lanes. */
  readonly operations: number;
}

export interface CompiledNetwork {
  readonly network: IntegerNetwork;
  readonly array: ArrayParameters;
  readonly tasks: readonly Task[];
  readonly mac: readonly MacInstruction[];
  readonly adder: readonly AdderInstruction[];
  readonly table: readonly Access[];
  /** Words of `macs` bytes. */
  readonly macWeights: Int8Array;
  readonly adderWeights: readonly bigint[];
  readonly macParameters: readonly ParameterWord[];
  readonly adderParameters: readonly ParameterWord[];
  readonly orders: PixelOrders;
  readonly slots: Slots;
  /** Of each tensor in the activation memory of image 0; those in the tile and scores have none. */
  readonly rows: ReadonlyMap<number, number>;
  /** Rows of both banks for one image at work, for one image that waits, and for all. */
  readonly imageRows: number;
  readonly inputRows: number;
  readonly inFlight: number;
  readonly activationRows: number;
  /** Scores of one image. */
  readonly scoreCount: number;
  readonly macTileBits: number;
  readonly tileBits: number;
  readonly hasAdditions: boolean;
}
