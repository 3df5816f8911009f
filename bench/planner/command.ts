/** `bench planner`: how good plans are, and how long the planner takes, on the candidates of whole networks. */

import { printResult, type TritbankCommand, ValueOption } from '../../src/cli/command.ts';
import type { Budget } from '../../src/compress/planning/budget.ts';
import type { NetworkCosts } from '../../src/compress/planning/layer-costs.ts';
import { optimizePlan } from '../../src/compress/planning/optimize.ts';
import { writeFileAtomic } from '../../src/files/index.ts';
import { TritbankError } from '../../src/ir/index.ts';
import { text, whole } from '../../src/options/values.ts';
import { describeEnvironment, packageVersion } from '../environment.ts';
import { median } from '../numbers.ts';
import { formatTable } from '../table.ts';
import type { PlannerReport, PlannerRow, SolverResult } from './report.ts';
import { costsOf, prepareModels, tasks } from './tasks.ts';

interface Options {
  readonly data?: string;
  readonly analyses: string;
  readonly seed: number;
  readonly rounds: number;
  readonly out?: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

type Plan = Pick<Awaited<ReturnType<typeof optimizePlan>>, 'loss' | 'lowerBound' | 'relative'>;

type Solver = (costs: NetworkCosts, budget: Budget) => Promise<Plan>;

const solvers: Readonly<Record<string, Solver>> = { highs: optimizePlan };

/** The plan's figures, or what is said where the budget is out of reach. */
async function attempt(solve: () => Promise<Plan>): Promise<Omit<SolverResult, 'name' | 'seconds'>> {
  try {
    const { loss, lowerBound, relative } = await solve();
    return { loss, lowerBound, relative };
  } catch (error) {
    if (error instanceof TritbankError) return { error: error.line };
    throw error;
  }
}

/** All solvers in turns. */
async function race(costs: NetworkCosts, budget: Budget, rounds: number): Promise<SolverResult[]> {
  const seconds = new Map(Object.keys(solvers).map((name) => [name, [] as number[]]));
  const found = new Map<string, Omit<SolverResult, 'name' | 'seconds'>>();
  for (let round = 0; round < rounds; round++) {
    for (const [name, solve] of Object.entries(solvers)) {
      const began = performance.now();
      found.set(name, await attempt(() => solve(costs, budget)));
      seconds.get(name)!.push((performance.now() - began) / 1000);
    }
  }
  return [...found].map(([name, result]) => ({ name, ...result, seconds: seconds.get(name)! }));
}

async function run(models: readonly string[], options: Options): Promise<void> {
  const { seed, rounds, quiet, out } = options;
  const onProgress = (line: string) => void (quiet || process.stderr.write(`${line}\n`));
  const prepared = await prepareModels({ ...options, models, onProgress });
  const environment = describeEnvironment();
  const versions = { ...environment.versions, highs: packageVersion('highs') };
  const rows: PlannerRow[] = [];
  for (const model of prepared) {
    for (const task of tasks) {
      onProgress(`${model.name}: ${task.name}`);
      const costs = costsOf(model, task);
      const budget = task.budgetOf(costs);
      rows.push({
        model: model.name,
        layers: costs.layers.length,
        candidates: costs.layers[0]!.candidates.length,
        lossUnit: model.analysis.lossUnit,
        task: task.name,
        ternary: task.ternary,
        budget,
        solvers: await race(costs, budget, rounds),
      });
    }
  }
  const report: PlannerReport = { benchmark: 'planner', ...environment, versions, seed, rounds, rows };
  if (out !== undefined) writeFileAtomic(out, `${JSON.stringify(report, null, 1)}\n`);
  const lines = rows.flatMap((row) => row.solvers.map((solver) => ({ ...row, ...solver })));
  printResult(options, report, () =>
    formatTable(
      [
        { head: 'model', cell: (row) => row.model, align: 'left' },
        { head: 'budget', cell: (row) => row.task, align: 'left' },
        { head: 'solver', cell: (row) => row.name, align: 'left' },
        { head: 'loss', cell: (row) => row.loss?.toPrecision(6) ?? 'out of reach' },
        { head: 'lower bound', cell: (row) => row.lowerBound?.toPrecision(6) ?? '' },
        { head: 'seconds', cell: (row) => median(row.seconds).toFixed(2) },
        { head: 'most', cell: (row) => Math.max(...row.seconds).toFixed(2) },
      ],
      lines,
    ),
  );
}

export function addPlanner(program: TritbankCommand): void {
  program
    .command('planner')
    .description(
      'Predicted loss, lower bound and seconds of plans under five budgets, for the given models and for MobileNet-V2 ' +
        'with drawn weights; medians over rounds in turns. Analyses are made once and kept.',
    )
    .argument('[MODEL.onnx...]', 'classifiers')
    .addOption(
      new ValueOption('--data <dir>', 'images for their analyses (default: weights alone)', text('a directory')),
    )
    .addOption(
      new ValueOption('--analyses <dir>', 'where analyses are kept', text('a directory')).default('runs/planner'),
    )
    .addOption(new ValueOption('--seed <n>', 'of analyses and drawn weights', whole({ from: 0 })).default(1))
    .addOption(new ValueOption('--rounds <n>', 'rounds', whole({ from: 1, to: 1000 })).default(5))
    .addOption(new ValueOption('--out <file>', 'write the JSON result to a file too', text('a file name')))
    .common('npm run bench -- planner mobilenet.onnx --data imagenet/ --out planner.json')
    .action((models: string[], options: Options) => run(models, options));
}
