/** Steps of a program by their sizes, as a planner knows them. */

export type StepKind = 'convolution' | 'depthwise' | 'pointwise' | 'connected' | 'bank' | 'add' | 'pool';

/** The ternary filters of a bank, or all filters of a fully connected layer. */
export interface TernaryShape {
  /** Rows of Wb; 0 where there is one ternary matrix only. */
  readonly hidden: number;
  /** Rows of Wc. */
  readonly filters: number;
  /** Of both matrices. */
  readonly nonZero: number;
}

/** A layer. `height` and `width` are the output's; padding is taken to be "same". */
export interface StepShape {
  readonly kind: StepKind;
  readonly height: number;
  readonly width: number;
  /** Channels that it reads. */
  readonly channels: number;
  /** Filters of int8 weights. */
  readonly filters: number;
  readonly kernel: readonly [height: number, width: number];
  /** Along both axes (default: 1). */
  readonly stride?: number;
  /** Bytes that are free for scratch while the layer runs: decoded trits are shared by the tiles that fit (default: 12 KB). */
  readonly room?: number;
  /** What is beside the int8 filters, in a bank. */
  readonly ternary?: TernaryShape;
}

/** Matrices as they are stored. */
export interface MatrixShape {
  readonly rows: number;
  readonly columns: number;
  readonly form: 'lists' | 'trits' | 'dense' | 'plain';
  /** Gaps of both signs, as `TB_LISTS` has or `TB_TRITS` is decoded to. */
  readonly nibbles: number;
}
