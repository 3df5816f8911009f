/** How well plans are ranked before training, from results/planner/rank-NETWORK.json: a table and its words for each network. */

import { formatFixed, formatPercent } from '../../src/report/format.ts';
import { bootstrap, kendall, spearman } from '../planner/correlation.ts';
import { predictors, type RankedPlan, type RankReport } from '../planner/record.ts';
import { table } from './tables.ts';

/** Fewer say nothing. */
const fewest = 5;

/** Most plans are drawn at one size; they spend the same on other layers. Without random ones, which nobody would choose. */
function ofCommonSize(plans: readonly RankedPlan[]): RankedPlan[] {
  const sizes = plans.filter(({ kind }) => kind === 'disturbed').map(({ size }) => size);
  const middle = sizes.reduce((sum, size) => sum + size, 0) / sizes.length;
  return plans.filter(({ kind, size }) => kind !== 'random' && Math.abs(size - middle) < 0.02);
}

const pairsOf = (plans: readonly RankedPlan[], predictor: (plan: RankedPlan) => number) =>
  plans.map((plan) => [predictor(plan), -plan.trained.top1] as const);

/** A table of all predictors, the best first. */
export function printRanks({ network, images, original, plans, command, machine, date }: RankReport): string {
  const alike = ofCommonSize(plans);
  const rows = Object.entries(predictors).map(([name, predictor]) => {
    const [all, same] = [plans, alike].map((some) => pairsOf(some, predictor)) as [
      ReturnType<typeof pairsOf>,
      ReturnType<typeof pairsOf>,
    ];
    return { name, rho: spearman(all), interval: bootstrap(all, spearman), tau: kendall(all), same };
  });
  rows.sort((a, b) => b.rho - a.rho);
  const figure = (value: number) => (Number.isNaN(value) ? '' : formatFixed(value, 2));
  const shares = plans.map(({ trained }) => trained.top1);
  const percent = (share: number) => `${formatPercent(share, 1)} %`;
  return [
    `### ${network}`,
    `${plans.length} plans, of ${percent(Math.min(...plans.map(({ size }) => size)))} to ` +
      `${percent(Math.max(...plans.map(({ size }) => size)))} of the size; trained, they have ` +
      `${percent(Math.min(...shares))} to ${percent(Math.max(...shares))} right\n(the original ${percent(original.top1)}). ` +
      `"Of one size": the ${alike.length} plans of about one size that are not random.`,
    table(
      [
        { title: 'larger is worse:', cell: ({ name }) => name },
        { title: "Spearman's rho", cell: ({ rho }) => figure(rho) },
        { title: '95 %', cell: ({ interval: [low, high] }) => `${figure(low)} to ${figure(high)}` },
        { title: "Kendall's tau", cell: ({ tau }) => figure(tau) },
        { title: 'rho, of one size', cell: ({ same }) => (same.length < fewest ? '' : figure(spearman(same))) },
        {
          title: '95 %, of one size',
          cell: ({ same }) => (same.length < fewest ? '' : bootstrap(same, spearman).map(figure).join(' to ')),
        },
      ],
      rows,
    ),
    `${machine}; ${date}; ${images.train.toLocaleString('en-US')} images in one epoch. Made by\n\`${command}\`.`,
  ].join('\n\n');
}

/** The part of the page; before anything is measured it says so. */
export const describeRanks = (reports: readonly RankReport[]): string =>
  reports.length === 0 ? 'Not measured yet.' : reports.map(printRanks).join('\n\n');
