/** An analysis per layer: columns of its table, and as plain text. */

import type { Analysis, AnalyzedLayer, SparserFit } from '../compress/sensitivity.ts';
import type { Column } from './columns.ts';
import { formatCount, formatDuration, formatPercent, formatResidual, formatSetting, shorten } from './format.ts';
import { alignTable, printStatements, type Statement } from './text-table.ts';

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

/** Mean and order statistics of a list that is not empty. */
export interface Spread {
  readonly mean: number;
  readonly min: number;
  readonly median: number;
  readonly max: number;
}

export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return {
    mean: sum(sorted) / sorted.length,
    min: sorted[0]!,
    median: (sorted[Math.floor(middle)]! + sorted[Math.ceil(middle)]!) / 2,
    max: sorted.at(-1)!,
  };
}

/** Predicted loss of each filter at the ratio of index `i`, the whole bank being ternary. */
export const lossesAt = ({ residuals, importance }: Pick<AnalyzedLayer, 'residuals' | 'importance'>, i: number) =>
  importance.map((one, f) => one * residuals[i]![f]!);

/** Of the sparser decompositions of any layer, ascending. */
const sparsitiesOf = ({ layers }: Analysis): number[] => {
  const all = layers.flatMap(({ sparser }) => (sparser ?? []).map(({ sparsity }) => sparsity));
  return [...new Set(all)].sort((a, b) => a - b);
};

/** The part of the predicted loss that the tenth of the filters with the largest losses has; 0 where there is no loss. */
export function worstShare(losses: readonly number[]): number {
  const sorted = losses.toSorted((a, b) => b - a);
  const total = sum(sorted);
  return total > 0 ? sum(sorted.slice(0, Math.ceil(sorted.length / 10))) / total : 0;
}

/** Indices of the ratios 1 and 2, or of the first and the last one where neither is there. */
export function shownRatios({ ratios }: Analysis): number[] {
  const found = [1, 2].map((ratio) => ratios.indexOf(ratio)).filter((i) => i >= 0);
  return found.length > 0 ? found : [...new Set([0, ratios.length - 1])];
}

/** Columns behind a layer's name. */
export function analysisColumns(analysis: Analysis): Column<AnalyzedLayer>[] {
  const shown = shownRatios(analysis);
  const first = shown[0]!;
  const at = formatSetting(analysis.ratios[first]!);
  const spreads = shown.flatMap((i): Column<AnalyzedLayer>[] => {
    const ratio = formatSetting(analysis.ratios[i]!);
    const column = (name: keyof Spread): Column<AnalyzedLayer> => ({
      head: `${name} at ${ratio}`,
      hint: `Relative squared error of the filters at width ratio ${ratio}: ${name}`,
      cell: ({ residuals }) => formatResidual(spreadOf(residuals[i]!)[name]),
    });
    return [column('mean'), column('min'), column('median'), column('max')];
  });
  const sparser = sparsitiesOf(analysis).flatMap((sparsity): Column<AnalyzedLayer>[] => {
    const name = `sparsity ${formatSetting(sparsity)}`;
    const cellOf = (show: (fit: SparserFit, layer: AnalyzedLayer) => string) => (layer: AnalyzedLayer) => {
      const fit = layer.sparser?.find((one) => one.sparsity === sparsity);
      return fit ? show(fit, layer) : '–';
    };
    return [
      {
        head: `loss, ${name}`,
        hint: `Predicted loss with all filters ternary at width ratio ${at}, decompositions of ${name}`,
        cell: cellOf((fit, layer) => formatResidual(sum(lossesAt({ ...layer, ...fit }, first)))),
      },
      {
        head: 'non-zeros',
        hint: `Ternary weights that are not zero at width ratio ${at}, in per cent of those with sparsity 0`,
        cell: cellOf((fit, layer) => formatPercent(fit.nonZero[first]! / layer.nonZero[first]!, 0)),
      },
    ];
  });
  return [
    { head: 'kind', cell: ({ kind }) => kind },
    { head: 'filters', cell: ({ filters }) => formatCount(filters) },
    { head: 'weights', hint: 'Weights of a filter', cell: ({ inputs }) => formatCount(inputs) },
    ...spreads,
    {
      head: `loss at ${at}`,
      hint: `Predicted loss with all filters ternary at width ratio ${at}`,
      cell: (layer) => formatResidual(sum(lossesAt(layer, first))),
    },
    {
      head: 'worst 10 %',
      hint: `The part of that loss which the tenth of the filters with the largest losses has, in per cent`,
      cell: (layer) => formatPercent(worstShare(lossesAt(layer, first)), 0),
    },
    ...sparser,
  ];
}

/** What the figures are, and what they come from. */
export function describeAnalysis(analysis: Analysis): Statement[] {
  const { data, lossUnit, ratios, seconds, layers } = analysis;
  const sparsities = sparsitiesOf(analysis).map(formatSetting);
  const loss =
    lossUnit === 'nats'
      ? 'predicted increase of the cross-entropy in nats: second-order expansion, Fisher information'
      : "a layer's error relative to its output, for inputs that are independent and alike: a rough guide between layers";
  const filters = sum(layers.map((layer) => layer.filters));
  return [
    { term: 'data', texts: [data ? `${data.name}, ${formatCount(data.images)} images` : 'none: weights alone'] },
    { term: 'residual', texts: ['squared error of a ternary filter relative to the filter: 0 exact, 1 all lost'] },
    { term: 'loss', texts: [loss] },
    { term: 'width ratios', texts: [`${ratios.map(formatSetting).join(', ')} hidden units per filter`] },
    ...(sparsities.length > 0
      ? [
          {
            term: 'sparsities',
            texts: [`0, ${sparsities.join(', ')}; of 0 where none is named; non-zeros in per cent of those with 0`],
          },
        ]
      : []),
    {
      term: 'filters',
      texts: [`${formatCount(filters)} in ${formatCount(layers.length)} ${layers.length === 1 ? 'layer' : 'layers'}`],
    },
    { term: 'time', texts: [formatDuration(seconds)] },
  ];
}

/** The table of layers, then what its figures are. No line end at the end. */
export function printAnalysis(analysis: Analysis): string {
  const columns = analysisColumns(analysis);
  const table = alignTable(
    ['layer', ...columns.map(({ head }) => head)],
    analysis.layers.map((layer) => [shorten(layer.name, 44), ...columns.map(({ cell }) => cell(layer))]),
  );
  return `${table}\n\n${printStatements(describeAnalysis(analysis))}`;
}
