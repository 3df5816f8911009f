/** What results/imagenet keeps of a row on one part of the classes. */

/** Shares of the uncompressed network's in int8. */
interface Share {
  readonly energy: number;
  readonly throughput: number;
}

export interface CountedIn8Bits {
  readonly dense: Share;
  readonly zeroSkipping: Share;
}

/** Of the images that just one of two networks has right: those that the row has, and those that the other one has. */
interface Uneven {
  readonly gained: number;
  readonly lost: number;
}

export interface CalibratedFigures {
  readonly row: string;
  /** From 1 on: which part of the classes it was judged on, of halves the other one; calibrated on all others. */
  readonly part: number;
  /** Judged on so many. */
  readonly images: number;
  /** Of these, how many each network has right, among all 1000 classes. */
  readonly right: { readonly original: number; readonly row: number; readonly int8: number; readonly int4?: number };
  /** Images that only the row has right, and only the original. */
  readonly gained: number;
  readonly lost: number;
  /** The same beside the controls; absent in what was measured before 2026-12. */
  readonly against?: { readonly int8: Uneven; readonly int4?: Uneven };
  /** Images of which the row says what the original says. */
  readonly same: number;
  /** Of the files; `original` in float32. */
  readonly bytes: {
    readonly original: number;
    readonly row: number;
    readonly int8: number;
    readonly int4?: number;
  };
  /** Of the original, in the format that the row plans in. */
  readonly relative: { readonly size: number; readonly energy: number; readonly multiplications: number };
  readonly in8Bits: CountedIn8Bits;
  readonly command: string;
  readonly machine: string;
  readonly date: string;
  /** Made before filters were weighed by what they do to the scores and first layers were spared. */
  readonly earlier?: true;
}
