/**
 * Learning-rate schedules: the factor of the base rate as a function of training progress. One schedule spans all phases
 * of a run, so that ternary weights are trained at falling rates, as StrassenNets are (0.1, 0.01, 0.001 over their phases,
 * Tschannen et al., section 4.1).
 */

export interface ScheduleOptions {
  readonly name: 'cosine' | 'step' | 'constant';
  /** Epochs of linear warm-up from 0, fractions allowed. */
  readonly warmup: number;
  /** `step`: epochs of the run after which the rate is multiplied by `factor`. */
  readonly milestones?: readonly number[];
  readonly factor?: number;
}

/**
 * The factor in [0, 1] at `epoch` (a fraction: epochs done) of a run of `total` epochs.
 * `cosine` falls from 1 to 0 as (1 + cos(pi t)) / 2 (Loshchilov & Hutter, arXiv 1608.03983).
 */
export function scheduleFactor(options: ScheduleOptions, epoch: number, total: number): number {
  const warmup = Math.min(options.warmup, total / 2);
  if (epoch < warmup) return epoch / warmup;
  switch (options.name) {
    case 'constant':
      return 1;
    case 'cosine':
      return (1 + Math.cos((Math.PI * (epoch - warmup)) / Math.max(total - warmup, 1e-9))) / 2;
    case 'step': {
      const passed = (options.milestones ?? []).filter((m) => epoch >= m).length;
      return (options.factor ?? 0.1) ** passed;
    }
  }
}
