/** The sizes of a depthwise convolution in the batch-last layout. */

/** Sizes of one depthwise convolution. */
export interface DepthwiseGeometry {
  readonly channels: number;
  readonly batch: number;
  /** Input and output height and width. */
  readonly input: readonly [number, number];
  readonly output: readonly [number, number];
  readonly kernel: readonly [number, number];
  readonly strides: readonly [number, number];
  /** Padding before the first row and column. */
  readonly pads: readonly [number, number];
}

/** Which way the map goes: from x to y, or from dy to dx (the transposed map). */
export type Direction = 'forward' | 'backward';

/** Height and width that the map reads and makes. */
export const sizes = (g: DepthwiseGeometry, direction: Direction) =>
  direction === 'forward' ? { from: g.input, to: g.output } : { from: g.output, to: g.input };
