/** The rows of results/imagenet: what a pretrained network becomes, by its calibration alone. */

import { words } from '../results/recipes.ts';

export interface CalibratedRow {
  readonly name: string;
  readonly label: string;
  /** Arguments of `tritbank compress`, without model, images and place. */
  readonly args: readonly string[];
}

const common = '--calibrate-only --images 500 --activations int8 --labels index --seed 1';
const row = (name: string, label: string, choice: string): CalibratedRow => ({
  name,
  label,
  args: [...words(common), ...words(choice)],
});

/** Budgets are counted in the paper's bytes: the planner chooses among ternary filters and filters of 8 and 4 bits. */
export const calibratedRows: readonly CalibratedRow[] = [
  row('uniform-1.25', 'hybrid, alpha 0.5, r = 1.25', '--uniform 0.5,1.25'),
  row('uniform-2', 'hybrid, alpha 0.5, r = 2', '--uniform 0.5,2'),
  row('planned', "planned, the paper's budget", '--max-size 0.49 --max-energy 0.72 --scheme hybrid --filter-bits 8'),
  row('planned-mixed', 'planned, 20 % of 16 bits, int8, int4 and ternary', '--max-size 0.2'),
];
