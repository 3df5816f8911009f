/** The page of a comparison: groups, runs, and the curves of all runs, those of a group in shades of one colour. */

import type { RunResult } from '../../train/records.ts';
import { drawAccuracy } from '../charts/accuracy.ts';
import { drawLoss } from '../charts/loss.ts';
import { renderColumns } from '../columns.ts';
import { renderDocument, renderFacts, section } from '../document.ts';
import { html } from '../html.ts';
import { extraColors, type NamedRun } from '../runs.ts';
import { groupColumns, runColumns } from './columns.ts';
import { type Comparison, commonDirectory } from './records.ts';

export interface ComparePage {
  readonly title: string;
  readonly generatedBy: string;
  readonly command: string;
  readonly comparison: Comparison;
}

/** More curves than this say nothing. */
const mostCurves = 24;

const groupHues = ['var(--hybrid)', ...Array.from({ length: extraColors }, (_, i) => `var(--extra-${i})`)];

/** The colour of run `index` of the `count` of a group: no two are the same. */
export function colorOf(group: number, index: number, count: number): string {
  // beyond the page's own colours, hues by the golden angle
  const hue = groupHues[group] ?? `hsl(${((group * 137.508) % 360).toFixed(0)} 65% 50%)`;
  if (index === 0) return hue;
  return `color-mix(in oklab, ${hue} ${Math.round(100 - (60 * index) / (count - 1))}%, var(--ink))`;
}

/** What curves are drawn of; nothing else of a result is read. */
function curvesOf({ runs, groups }: Comparison): NamedRun[] {
  const directory = commonDirectory(runs);
  return runs
    .filter(({ history }) => history.length > 0)
    .slice(0, mostCurves)
    .map(({ path, history }) => {
      const group = groups.findIndex(({ paths }) => paths.includes(path));
      const { paths } = groups[group]!;
      return {
        run: { history } as unknown as RunResult,
        name: path.slice(directory.length),
        color: colorOf(group, paths.indexOf(path), paths.length),
      };
    });
}

/** A command with the first and last of its many words. */
function shortened(command: string): string {
  const words = command.split(' ');
  return words.length <= 16
    ? command
    : [...words.slice(0, 6), `… (${words.length - 10} more)`, ...words.slice(-4)].join(' ');
}

export function renderComparePage({ title, generatedBy, command, comparison }: ComparePage): string {
  const { groups, runs } = comparison;
  const directory = commonDirectory(runs);
  const curves = curvesOf(comparison);
  const left = runs.length - curves.length;
  const unfinished = runs.filter(({ isFinished }) => !isFinished).length;
  const facts = [
    {
      term: 'Runs',
      texts: [
        groups.length === 1
          ? `${runs.length} that differ at most in the seed`
          : `${runs.length} in ${groups.length} groups that differ in more than the seed`,
      ],
    },
    ...(unfinished > 0 ? [{ term: 'Not finished', texts: [`${unfinished}, of which the last epoch is shown`] }] : []),
    ...(directory === '' ? [] : [{ term: 'In', texts: [directory], form: 'code' as const }]),
    { term: 'Command', texts: [shortened(command)], form: 'code' as const },
  ];
  return renderDocument({
    title,
    lead: `${runs.length} runs beside one another`,
    generatedBy,
    head: html`<div class="card">${renderFacts(facts)}</div>`,
    sections: [
      section(
        'Groups',
        html`<div class="card">${renderColumns({
          corner: 'mean ± standard deviation over seeds',
          columns: groupColumns,
          rows: groups.map((row) => ({ name: row.name, row })),
        })}</div>`,
      ),
      section(
        'Runs',
        html`<div class="card">${renderColumns({
          corner: 'run',
          columns: runColumns,
          rows: runs.map((row) => ({ name: row.path.slice(directory.length), row })),
        })}</div>`,
      ),
      curves.length > 0
        ? section(
            'Training',
            html`<div class="pair">${drawAccuracy(curves)}${drawLoss(curves)}</div>${
              left > 0 ? html`<p class="note">Without the curves of ${left} runs.</p>` : undefined
            }`,
          )
        : undefined,
    ],
  });
}
