/** Reports of runs, cost measurements, analyses and compressions: HTML pages with charts, and tables for the terminal. */

import { TritbankError } from '../ir/index.ts';
import type { RunResult } from '../train/records.ts';
import type { AnalysisReport } from './analysis-page.ts';
import type { BenchReport } from './bench-page.ts';
import type { ComparePage } from './compare/page.ts';
import type { CompressReport } from './compress-page.ts';
import type { CostReport } from './cost-page.ts';
import { findBaseline, nameRuns } from './runs.ts';

export { printAnalysis } from './analysis-columns.ts';
export type { AnalysisReport } from './analysis-page.ts';
export type { BenchReport } from './bench-page.ts';
export { printBench } from './bench-text.ts';
export { printComparison } from './compare/columns.ts';
export type { ComparePage } from './compare/page.ts';
export {
  type ComparedRun,
  type Comparison as RunComparison,
  compareRuns,
  type RunGroup,
  readComparedRun,
  type Spread,
} from './compare/records.ts';
export type { CompressReport } from './compress-page.ts';
export { costCsv, sweepCsv } from './cost-csv.ts';
export type { CostReport } from './cost-page.ts';
export { type PrintCostOptions, printCost, printSweep } from './cost-text.ts';
export { printTable } from './table.ts';
export { printTable1 } from './table1-text.ts';

export interface ReportOptions {
  readonly title: string;
  /** Name or method of the run that accuracies are compared with; by default the first in full precision. */
  readonly baseline?: string;
  /** The program and its version, shown at the foot of the page. */
  readonly generatedBy: string;
}

/**
 * A self-contained HTML page (no outside resource) about one or more runs. The charting and image libraries
 * are loaded by the first call. E_USAGE without runs or with a baseline that is none of them.
 *
 * @example
 * import { readFile, writeFile } from 'node:fs/promises';
 * import { type RunResult, renderReport } from 'tritbank';
 *
 * const run = JSON.parse(await readFile('runs/trained/result.json', 'utf8')) as RunResult;
 * await writeFile('report.html', await renderReport([run], { title: 'Own images', generatedBy: 'a script' }));
 */
export async function renderReport(runs: readonly RunResult[], options: ReportOptions): Promise<string> {
  if (runs.length === 0) throw new TritbankError('E_USAGE', 'report', 'expected at least one run, found none');
  const named = nameRuns(runs);
  const baseline = findBaseline(named, options.baseline);
  const { renderPage } = await import('./page.ts');
  return renderPage({ title: options.title, generatedBy: options.generatedBy, runs: named, baseline });
}

/**
 * A self-contained HTML page about a cost measurement, a sweep, or both. The charting library is loaded by the first
 * call. E_USAGE with neither, or with a sweep without points.
 */
export async function renderCostReport(report: CostReport): Promise<string> {
  if (!report.cost && !report.sweep) {
    throw new TritbankError('E_USAGE', 'cost report', 'expected a cost or a sweep, found neither');
  }
  if (report.sweep?.length === 0) {
    throw new TritbankError('E_USAGE', 'cost report', 'expected a sweep of at least one point, found none');
  }
  const { renderCostPage } = await import('./cost-page.ts');
  return renderCostPage(report);
}

/** A self-contained HTML page that shows runs beside one another. */
export async function renderCompareReport(page: ComparePage): Promise<string> {
  const { renderComparePage } = await import('./compare/page.ts');
  return renderComparePage(page);
}

/** A self-contained HTML page about the sensitivity of a network's filters. E_USAGE for an analysis without layers. */
export async function renderAnalysisReport(report: AnalysisReport): Promise<string> {
  if (report.analysis.layers.length === 0) {
    throw new TritbankError('E_USAGE', 'analysis report', 'expected at least one layer, found none');
  }
  const { renderAnalysisPage } = await import('./analysis-page.ts');
  return renderAnalysisPage(report);
}

/** A self-contained HTML page about a compression. The charting and image libraries are loaded by the first call. */
export async function renderCompressReport(report: CompressReport): Promise<string> {
  const { renderCompressPage } = await import('./compress-page.ts');
  return renderCompressPage(report);
}

/** A self-contained HTML page about a contest of runtimes. */
export async function renderBenchReport(report: BenchReport): Promise<string> {
  const { renderBenchPage } = await import('./bench-page.ts');
  return renderBenchPage(report);
}
