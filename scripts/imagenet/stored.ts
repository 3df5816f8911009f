/** What results/imagenet keeps of a row on one half of the classes. */

export interface CalibratedFigures {
  readonly row: string;
  /** 1 or 2: which classes it was calibrated on; judged on the others. */
  readonly half: number;
  /** Judged on so many. */
  readonly images: number;
  /** Of these, how many each network has right, among all 1000 classes. */
  readonly right: { readonly original: number; readonly row: number; readonly int8: number; readonly int4?: number };
  /** Images that only the row has right, and only the original. */
  readonly gained: number;
  readonly lost: number;
  /** Images of which the row says what the original says. */
  readonly same: number;
  /** Of the files; `original` in float32. */
  readonly bytes: {
    readonly original: number;
    readonly row: number;
    readonly int8: number;
    readonly int4?: number;
  };
  /** Of the original at 16 bits. */
  readonly relative: { readonly size: number; readonly energy: number; readonly multiplications: number };
  readonly command: string;
  readonly machine: string;
  readonly date: string;
  /** Made before filters were weighed by what they do to the scores and first layers were spared. */
  readonly earlier?: true;
}
