/** The rows of results/imagenet: what a pretrained network becomes by its calibration, or by training from there. */

import { words } from '../results/recipes.ts';

export interface CalibratedRow {
  readonly name: string;
  readonly label: string;
  /** In charts, one of `src/report/style.ts`. */
  readonly color: string;
  /** Into how many parts the classes are divided: calibrated on images of all but one, judged on that one. */
  readonly parts: number;
  /** Images that it is calibrated on. */
  readonly images: number;
  /** Arguments of `tritbank compress`, without model, images and place. */
  readonly args: readonly string[];
}

interface Calibrated {
  readonly color?: string;
  readonly how?: string;
  readonly images?: number;
  readonly parts?: number;
}

const row = (
  name: string,
  label: string,
  choice: string,
  { color = 'var(--hybrid)', how = '--calibrate-only', images = 500, parts = 2 }: Calibrated = {},
): CalibratedRow => ({
  name,
  label,
  color,
  parts,
  images,
  args: words(`${how} --images ${images} --activations int8 --labels index --seed 1 ${choice}`),
});

const inPapersBytes = '--scheme hybrid --filter-bits 8';
const papersBudget = `--max-size 0.49 --max-energy 0.72 --format fp16 ${inPapersBytes}`;
const uniform: Calibrated = { color: 'var(--extra-3)' };
const mixed: Calibrated = { color: 'var(--extra-2)' };
/** From the calibrated network, with nothing but what the original says of the images. */
const tuned = '--init calibrate --epochs 10 --batch-size 20 --distill-weight 1 --temperature 1';

/**
 * The paper's size and energy, of its budget (throughput is not limited), are counted as the paper counts, in bytes and
 * energies of 16 bits, whatever the file has. In 8 bits an
 * addition costs a third of a product, not a fifth: the same limit there asks for far fewer of them.
 */
export const calibratedRows: readonly CalibratedRow[] = [
  row('uniform-1.25', 'hybrid, alpha 0.5, r = 1.25', '--uniform 0.5,1.25', uniform),
  row('uniform-2', 'hybrid, alpha 0.5, r = 2', '--uniform 0.5,2', uniform),
  row('planned', "planned, the paper's size and energy", papersBudget),
  row('planned-tuned', "planned, the paper's size and energy, then fine-tuned", papersBudget, {
    how: tuned,
    color: 'var(--strassen)',
  }),
  row(
    'zeros-skipped',
    "planned, the paper's size and energy, zeros skipped",
    `${papersBudget} --ternary zero-skipping`,
  ),
  row('planned-35', "planned, 35 % of the size in the paper's bytes", `--max-size 0.35 --format fp16 ${inPapersBytes}`),
  row(
    'planned-energy8',
    "planned, the paper's size and energy, energies of 8 bits",
    `--max-size 0.49 --max-energy 0.72 ${inPapersBytes}`,
  ),
  row('planned-250', "planned, the paper's size and energy, of 250 images", papersBudget, { images: 250 }),
  row('planned-750', "planned, the paper's size and energy, of 750 images", papersBudget, { images: 750, parts: 4 }),
  row('planned-mixed-28', 'planned, 28 % of 16 bits, int8, int4 and ternary', '--max-size 0.28', mixed),
  row('planned-mixed', 'planned, 20 % of 16 bits, int8, int4 and ternary', '--max-size 0.2', mixed),
];
