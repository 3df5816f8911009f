/** What `tritbank bench mpi` finds. Times in milliseconds, sizes in bytes. */

export interface SumTime {
  readonly bytes: number;
  /** Median. */
  readonly milliseconds: number;
}

/** A network by the latency-bandwidth model: a message of b bytes takes latency + b / bandwidth. */
export interface Link {
  readonly name: string;
  /** Seconds. */
  readonly latency: number;
  /** Bytes a second. */
  readonly bandwidth: number;
}

/** What a step is made of. The sums of buckets begin in their order; the last stage waits for all. */
export interface StepParts {
  /** Milliseconds of each stage. */
  readonly stages: readonly number[];
  /** Bytes of each bucket in single precision, and the stage that makes it; gradients can travel in half. */
  readonly buckets: readonly { readonly bytes: number; readonly isGradient: boolean; readonly afterStage: number }[];
}

export interface Scaling {
  readonly link: string;
  readonly hosts: number;
  /** Compute time over step time, 0..1. */
  readonly plain: number;
  readonly half: number;
  readonly overlapped: number;
  readonly halfOverlapped: number;
}

export interface RanksResult {
  readonly ranks: number;
  readonly library: string;
  readonly machine: string;
  readonly command: string;
  readonly date: string;
  readonly sums: readonly SumTime[];
  /** Fitted to `sums`. */
  readonly measured: Link;
  readonly step: {
    readonly network: string;
    /** Images of a rank in a step. */
    readonly images: number;
    readonly parameters: number;
    /** Bytes that are added up in a step. */
    readonly bytes: number;
    /** Median of a step that each rank makes for itself, all at the same time. */
    readonly alone: number;
    /** Median of a step with sums. */
    readonly together: number;
    /** Median over rounds of alone / together: what is left of the speed of independent processes. */
    readonly efficiency: number;
    readonly parts: StepParts;
  };
  readonly scaling: readonly Scaling[];
  /** By link: the least number of hosts at which sums take as long as the arithmetic; absent where none up to 4096 do. */
  readonly half: readonly { readonly link: string; readonly hosts?: number }[];
}
