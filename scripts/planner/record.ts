/** What results/planner/rank-NETWORK.json keeps, and what is made of it: predictors of a plan's final accuracy. */

import type { LayerErrors } from '../../src/compress/calibrate/records.ts';
import type { DrawnPlan } from './plans.ts';

/** Cross-entropy in nats, and the share of images that are right. */
export interface Score {
  readonly loss: number;
  readonly top1: number;
}

/** A plan, what was known before its training, and what became of it. */
export interface RankedPlan extends Omit<DrawnPlan, 'layers'> {
  /** Weights in layers with ternary filters that are in such filters, of all in these layers and in those without. */
  readonly ternary: number;
  /** As decomposed, on images that nothing was measured on. */
  readonly decomposed: Score;
  /** After calibration on other images, likewise. */
  readonly calibrated: Score;
  /** Of each layer in that calibration. */
  readonly errors: Readonly<Record<string, LayerErrors>>;
  /** After a training of `probeImages`, likewise. */
  readonly probe: Score;
  /** After training, on the images that judge. */
  readonly trained: Score;
  readonly seconds: number;
}

export interface RankReport {
  readonly network: string;
  /** Numbers of images: in each training, judging it, calibrated on, judging what is not trained, of a probe. */
  readonly images: {
    readonly train: number;
    readonly judge: number;
    readonly calibrate: number;
    readonly early: number;
    readonly probe: number;
  };
  /** On the images that judge. */
  readonly original: Score;
  readonly plans: readonly RankedPlan[];
  readonly command: string;
  readonly machine: string;
  readonly date: string;
}

const sum = (values: Iterable<number>) => [...values].reduce((total, v) => total + v, 0);

/** Of each layer, what its own compression adds, relative to the variance of its outputs. */
const ownErrors = ({ errors }: RankedPlan) => Object.values(errors).map(({ refitted, final }) => final - refitted);
const finalErrors = ({ errors }: RankedPlan) => Object.values(errors).map(({ final }) => final);
const lossesOf = ({ losses }: RankedPlan) => Object.values(losses);

/** Larger: the worse the plan is said to be. */
export const predictors: Readonly<Record<string, (plan: RankedPlan) => number>> = {
  'predicted loss (what is planned with)': (plan) => sum(lossesOf(plan)),
  'predicted loss of the worst layer': (plan) => Math.max(...lossesOf(plan)),
  'predicted losses, sum of their roots': (plan) => sum(lossesOf(plan).map(Math.sqrt)),
  'errors that layers add, sum': (plan) => sum(ownErrors(plan)),
  'errors that layers add, largest': (plan) => Math.max(...ownErrors(plan)),
  "errors at the layers' outputs, sum": (plan) => sum(finalErrors(plan)),
  "errors at the layers' outputs, largest": (plan) => Math.max(...finalErrors(plan)),
  'loss as decomposed': ({ decomposed }) => decomposed.loss,
  'loss after calibration': ({ calibrated }) => calibrated.loss,
  'wrong after calibration': ({ calibrated }) => -calibrated.top1,
  'loss after a probe of training': ({ probe }) => probe.loss,
  'wrong after a probe of training': ({ probe }) => -probe.top1,
  'ternary share of the weights': ({ ternary }) => ternary,
  'smaller size': ({ size }) => -size,
  'fewer multiplications': ({ multiplications }) => -multiplications,
};
