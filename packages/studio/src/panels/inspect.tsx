/** Inspect: the layers of the network, which of them can become a filter bank, and their filters. */

import { useEffect, useState } from 'preact/hooks';
import { address } from '../address.ts';
import { Layers } from '../inspect/layers.tsx';
import { Card, Choice, count, kilobytes, percent, Slider, short, Tiles } from '../parts/basics.tsx';
import { Chart } from '../parts/chart.tsx';
import { Heat } from '../parts/heat.tsx';
import { analyse, analysis, network, openAgain, planned, report, workshop } from '../state.ts';
import type { LayerFilters, OpenedNetwork } from '../workshop/bench.ts';
import { OpenModel, Start } from './start.tsx';

export function Inspect() {
  const opened = network.value;
  if (!opened) {
    return (
      <Start lead="See a network's filters, plan which of them become ternary, compress it on your own images, and classify with the result: all of it in this page." />
    );
  }
  const { report: model, fileBytes, image } = opened;
  const candidates = model.layers.filter(({ candidate }) => candidate);
  const inBanks = candidates.reduce((sum, { parameters }) => sum + parameters, 0);
  return (
    <>
      <Tiles
        items={[
          ['File', kilobytes(fileBytes), model.name],
          [
            'Parameters',
            count(model.parameters),
            `${percent(inBanks / Math.max(1, model.parameters))} in layers that can be banks`,
          ],
          ['Multiply-accumulates', model.macs === null ? 'unknown' : `${(model.macs / 1e6).toFixed(1)} M`, 'per image'],
          [
            'Images',
            image ? `${image.width} × ${image.height}` : 'none',
            image ? `${image.channels === 1 ? 'grey' : 'colour'}, ${model.classes ?? '?'} classes` : '',
          ],
        ]}
      />
      <Warnings />
      <Analysis />
      <div class="split detail">
        <Layers />
        <LayerView />
      </div>
      <Card title="Another network">
        <OpenModel slim />
      </Card>
    </>
  );
}

/** What a file may leave open: how pixels are normalised. */
const normalisations = [
  ['none', 'choose …'],
  ['one', '0 to 1 (pixel / 255)'],
  ['signed', '−1 to 1 (TensorFlow)'],
  ['imagenet', 'ImageNet (PyTorch)'],
] as const;

const imagenet = {
  mean: [0.485, 0.456, 0.406].map((m) => 255 * m),
  std: [0.229, 0.224, 0.225].map((s) => 255 * s),
};

function normalisationOf(name: string, channels: number) {
  const all = (value: number) => Array<number>(channels).fill(value);
  if (name === 'one') return { mean: all(0), std: all(255) };
  if (name === 'signed') return { mean: all(127.5), std: all(127.5) };
  return channels === 3 ? imagenet : { mean: all(118), std: all(58) };
}

function Warnings() {
  const opened = network.value!;
  const { report: model, obstacle, image } = opened;
  // of a file of this toolkit in 8 bits, the float network that it stands for is what is compressed; an obstacle says more
  const isKnown = (line: string) =>
    obstacle === null ? line.startsWith('a quantized model') : line === 'none of the layers can be compressed';
  const warnings = model.warnings.filter((line) => !isKnown(line));
  const lines = [...(obstacle ? [obstacle] : []), ...warnings];
  const lacksNormalisation = image !== null && !model.preprocessing && model.inputs[0]?.dtype !== 'uint8';
  if (lines.length === 0 && !lacksNormalisation) return null;
  return (
    <Card title="Before it is compressed">
      {lines.length > 0 && (
        <ul class="list">
          {lines.map((line) => (
            <li key={line}>{line}</li>
          ))}
        </ul>
      )}
      {lacksNormalisation && (
        <label class="row">
          The file does not say how pixels are normalised:
          <select
            onChange={({ currentTarget: { value } }) => {
              if (value !== 'none') void openAgain(normalisationOf(value, image.channels));
            }}
          >
            {normalisations.map(([value, label]) => (
              <option key={value} value={value}>
                {label}
              </option>
            ))}
          </select>
        </label>
      )}
    </Card>
  );
}

function Analysis() {
  const found = analysis.value;
  if (network.value?.obstacle) return null;
  return (
    <Card
      title="Sensitivity"
      side={
        <button type="button" onClick={() => void analyse()}>
          {found ? 'Analyse again' : 'Analyse'}
        </button>
      }
    >
      <p class="muted">
        {found
          ? `Every layer was decomposed at ${found.ratios.length} hidden widths in ${found.seconds.toFixed(1)} s. ${
              found.data
                ? `Losses are nats of cross-entropy, measured on ${found.data.images} of your images.`
                : 'Losses are noise-to-signal ratios of weights: choose images under Compress, analyse again, and they become nats.'
            }`
          : 'How much each filter loses when it becomes ternary, at several hidden widths. It takes seconds for small networks, minutes for large ones.'}
      </p>
    </Card>
  );
}

function LayerView() {
  const opened = network.value!;
  const wanted = opened.report.layers.find((one) => one.name === address.value.layer)?.name ?? bestLayer();
  const [loaded, setLoaded] = useState<{ readonly of: OpenedNetwork; readonly filters: LayerFilters }>();
  const [place, setPlace] = useState(0);
  const [order, setOrder] = useState<'index' | 'sensitivity'>('index');
  useEffect(() => {
    if (!wanted) return;
    let isLate = false;
    const show = (filters: LayerFilters) => {
      if (isLate) return;
      setPlace(0);
      setLoaded({ of: opened, filters });
    };
    workshop.call('filters', { layer: wanted }).then(show, (error: unknown) => isLate || report(error));
    return () => {
      isLate = true;
    };
  }, [wanted, opened]);
  if (!wanted || loaded?.of !== opened) return <Card title="Filters">{null}</Card>;
  // those before stay until others are there, so that nothing jumps
  const { filters } = loaded;
  const { name } = filters;
  const found = analysis.value?.layers.find((one) => one.name === name);
  const ratios = analysis.value?.ratios ?? [];
  const middle = Math.floor(ratios.length / 2);
  const losses = found?.residuals[middle]?.map((residual, f) => residual * found.importance[f]!);
  const indices = Array.from({ length: filters.filters }, (_, i) => i);
  const sorted = order === 'sensitivity' && losses ? indices.sort((a, b) => losses[b]! - losses[a]!) : indices;
  const filter = sorted[Math.min(place, sorted.length - 1)]!;
  const plan = planned.value?.layers.find((one) => one.name === name)?.plan;
  const fate =
    !plan || plan.method === 'fp'
      ? 'stays in full precision'
      : plan.method === 'twn' || !plan.fullPrecision.includes(filter)
        ? 'becomes ternary'
        : 'stays in full precision';
  return (
    <Card
      title={name}
      side={
        losses && (
          <Choice
            name="Order of the filters"
            options={[
              ['index', 'by index'],
              ['sensitivity', 'by loss'],
            ]}
            value={order}
            onChange={setOrder}
          />
        )
      }
    >
      <Heat
        label={`Weights of ${filters.filters} filters, ${filters.inputs} each`}
        rows={filters.filters}
        columns={filters.inputs}
        values={filters.weights}
        order={sorted}
        marked={place}
        onPick={setPlace}
      />
      <p class="muted small">A row is a filter, a column one of its weights: blue below zero, orange above.</p>
      <Slider
        label={order === 'index' ? 'Filter' : 'Filter, the most sensitive first'}
        {...{ min: 0, max: filters.filters - 1, step: 1, value: place }}
        show={() => `${filter}`}
        onChange={setPlace}
      />
      <p>
        Filter {filter} {fate}
        {planned.value ? ' in the present plan' : ''}. {filters.zeros[filter]} of its {filters.inputs} weights are zero.
        {plan && 'bits' in plan && plan.bits ? ' Stored in 4 bits.' : ''}
      </p>
      {found && losses ? (
        <>
          <h3>Relative error of this filter, by hidden units per filter</h3>
          <Chart
            label={`Error of filter ${filter} by hidden width`}
            height={180}
            of={[name, filter, found]}
            draw={(plot) => ({
              x: { label: 'hidden units per filter' },
              y: { label: 'error, % of its energy', grid: true, domain: [0, 100] },
              marks: [
                plot.ruleY([0]),
                plot.line(
                  ratios.map((ratio, i) => ({ ratio, error: 100 * found.residuals[i]![filter]! })),
                  { x: 'ratio', y: 'error', stroke: 'var(--ternary)', strokeWidth: 2, marker: true },
                ),
              ],
            })}
          />
          <h3>What each filter would lose, at {ratios[middle]} hidden units per filter</h3>
          <Chart
            label="Predicted loss of each filter"
            height={150}
            of={[name, filter, found, order]}
            draw={(plot) => ({
              marginBottom: 8,
              x: { axis: null, domain: sorted.map((_, i) => i), padding: 0.1 },
              y: { label: `predicted loss, ${analysis.value?.lossUnit}`, grid: true, tickFormat: 's', ticks: 4 },
              marks: [
                plot.barY(
                  sorted.map((f, at) => ({ at, loss: losses[f]!, isOwn: f === filter })),
                  { x: 'at', y: 'loss', fill: (d: { isOwn: boolean }) => (d.isOwn ? 'var(--plus)' : 'var(--full)') },
                ),
                plot.ruleY([0]),
              ],
            })}
          />
          <p class="small muted">
            Largest: filter {indices.reduce((a, b) => (losses[b]! > losses[a]! ? b : a))} with{' '}
            {short(Math.max(...losses))} {analysis.value?.lossUnit}.
          </p>
        </>
      ) : (
        <p class="muted">
          {opened.report.layers.find((one) => one.name === name)?.candidate
            ? 'Its sensitivity is shown here as soon as the network is analysed.'
            : `It stays as it is: ${opened.report.layers.find((one) => one.name === name)?.reason ?? 'no filters'}.`}
        </p>
      )}
    </Card>
  );
}

/** The first layer that can become a bank, else the first with weights. */
function bestLayer(): string | undefined {
  const layers = network.value?.report.layers ?? [];
  const pointwise = layers.find(({ candidate, kind }) => candidate && kind === 'pointwise');
  return (pointwise ?? layers.find(({ candidate }) => candidate) ?? layers[0])?.name;
}
