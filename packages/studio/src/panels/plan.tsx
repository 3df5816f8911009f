/** Plan: limits on sliders, the best plan within them at once, its layers to be edited, and what it is compared with. */

import { useEffect } from 'preact/hooks';
import { address, go } from '../address.ts';
import { Card, Choice, count, download, kilobytes, percent, Slider, Stack, short, Tiles } from '../parts/basics.tsx';
import { Chart } from '../parts/chart.tsx';
import {
  analyse,
  analysis,
  compareMethods,
  edits,
  frontPoints,
  network,
  planned,
  planProblem,
  replan,
  rivals,
} from '../state.ts';
import type { PlannedLayer } from '../workshop/planning.ts';
import { Start } from './start.tsx';

export function NeedsAnalysis() {
  const opened = network.value!;
  if (opened.obstacle) {
    return (
      <Card title="This network cannot be compressed here">
        <p>{opened.obstacle}</p>
      </Card>
    );
  }
  return (
    <Card title="The filters have to be analysed first">
      <p class="muted">How much each of them loses when it becomes ternary: seconds to minutes, in this page.</p>
      <div class="row">
        <button type="button" class="primary" onClick={() => void analyse()}>
          Analyse
        </button>
      </div>
    </Card>
  );
}

export function Plan() {
  const { size, energy, throughput, bits, target, time } = address.value;
  useEffect(() => {
    void replan();
  }, [size, energy, throughput, bits, target, time, edits.value, analysis.value]);
  useEffect(() => {
    void compareMethods();
  }, [bits, analysis.value]);
  if (!network.value)
    return <Start lead="Choose how small and how cheap the network has to be, and see what that costs." />;
  if (!analysis.value) return <NeedsAnalysis />;
  return (
    <>
      <Figures />
      <div class="split side">
        <Limits />
        <Front />
      </div>
      <Rivals />
      <Layers />
    </>
  );
}

function Figures() {
  const view = planned.value;
  const unit = analysis.value!.lossUnit;
  const machine = view?.machine;
  const figures = machine && Object.entries(machine.totals)[0];
  return (
    <Tiles
      items={[
        [
          'Size',
          view ? percent(view.relative.size, 1) : '…',
          view ? `${kilobytes(view.bytes)} of ${kilobytes(view.referenceBytes)}` : '',
        ],
        ['Energy', view ? percent(view.relative.energy, 1) : '…', 'of the arithmetic at 16 bits'],
        ['Throughput', view ? `${view.relative.throughput.toFixed(2)} ×` : '…', 'on an array of the same area'],
        ['Multiplications', view ? percent(view.relative.multiplications, 1) : '…', 'the others become additions'],
        [
          'Predicted loss',
          view ? short(view.loss) : '…',
          unit === 'nats' ? 'nats of cross-entropy, before refitting' : 'noise-to-signal, weights alone',
        ],
        ...(figures
          ? ([
              [
                machine.name,
                `${(figures[1] / machine.control[figures[0] as keyof typeof machine.control]!).toFixed(2)} ×`,
                `${count(figures[1])} ${figures[0]}, of int8`,
              ],
            ] as const)
          : []),
      ]}
    />
  );
}

/** Logarithmic: 0.4 to 0.5 matters as much as 0.2 to 0.25. */
const toSlider = (value: number) => Math.round(1000 * Math.log10(value));
const fromSlider = (value: number) => 10 ** (value / 1000);
const twoDigits = (value: number) => Number(value.toPrecision(3));

function Limit({
  name,
  label,
  min,
  max,
  usual,
  show,
  note,
}: {
  readonly name: 'size' | 'energy' | 'throughput' | 'time';
  readonly label: string;
  readonly min: number;
  readonly max: number;
  readonly usual: number;
  readonly show: (value: number) => string;
  readonly note: string;
}) {
  const value = address.value[name];
  return (
    <div class="limit">
      <label class="row small">
        <input
          type="checkbox"
          checked={value !== null}
          onChange={({ currentTarget }) => go({ [name]: currentTarget.checked ? usual : null })}
        />
        {label}
      </label>
      <Slider
        label={note}
        min={toSlider(min)}
        max={toSlider(max)}
        step={1}
        value={toSlider(value ?? usual)}
        disabled={value === null}
        show={(at) => (value === null ? 'no limit' : show(fromSlider(at)))}
        onChange={(at) => go({ [name]: twoDigits(fromSlider(at)) })}
      />
    </div>
  );
}

const targets = [
  'wasm',
  'cortex-m0plus',
  'cortex-m4',
  'cortex-m7',
  'cortex-m55',
  'rv32imc',
  'mac',
  'lists',
  'trits',
] as const;

function Limits() {
  const { bits, target } = address.value;
  const view = planned.value;
  const fault = planProblem.value;
  return (
    <Card title="Limits">
      <div class="spread">
        <span>Filters in full precision</span>
        <Choice
          name="Bits of filters in full precision"
          options={[
            ['fp16', '16 bits'],
            ['int8', '8 bits'],
          ]}
          value={bits}
          onChange={(value) => go({ bits: value })}
        />
      </div>
      <Limit
        name="size"
        label="Limit the size"
        note="at most, of 16 bits"
        {...{ min: 0.08, max: 1, usual: 0.49, show: percent }}
      />
      <Limit
        name="energy"
        label="Limit the energy"
        note="at most, of the arithmetic"
        {...{ min: 0.08, max: 1, usual: 0.72, show: percent }}
      />
      <Limit
        name="throughput"
        label="Ask for throughput"
        note="at least, on the same area"
        {...{ min: 0.5, max: 20, usual: 1, show: (value: number) => `${value.toFixed(2)} ×` }}
      />
      <label class="row">
        Machine
        <select
          value={target ?? ''}
          onChange={({ currentTarget: { value } }) =>
            go(value === '' ? { target: null, time: null } : { target: value, time: address.value.time ?? 1 })
          }
        >
          <option value="">none</option>
          {targets.map((name) => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
        </select>
      </label>
      {target !== null && (
        <Limit
          name="time"
          label={`Limit the time on ${target}`}
          note="at most, of the uncompressed int8 network"
          {...{ min: 0.3, max: 3, usual: 1, show: (value: number) => `${value.toFixed(2)} ×` }}
        />
      )}
      <p class="small" role="status" style={{ minHeight: '3em', ...(fault && { color: 'var(--bad)' }) }}>
        {fault ?? (view ? `Planned in ${Math.max(1, Math.round(view.milliseconds))} ms.` : 'Planning …')}
      </p>
      <div class="row">
        <button
          type="button"
          disabled={!view}
          onClick={() => view && download('plan.json', view.text, 'application/json')}
        >
          Download the plan
        </button>
        <button type="button" class="primary" disabled={!view} onClick={() => go({ panel: 'compress' })}>
          Compress with it
        </button>
      </div>
    </Card>
  );
}

const colours: Readonly<Record<string, string>> = {
  int8: 'var(--full)',
  int4: 'var(--macs)',
  TWN: 'var(--twn)',
  StrassenNets: 'var(--strassen)',
  uniform: 'var(--ternary)',
};

function Front() {
  const view = planned.value;
  const points = frontPoints.value;
  const others = rivals.value.filter(({ loss }) => loss !== null && loss > 0);
  const unit = analysis.value!.lossUnit;
  return (
    <Card title="What size costs">
      <Chart
        label="Predicted loss of the best plans by size, with the present plan and other methods"
        height={380}
        of={[view, points, others]}
        draw={(plot, width) => ({
          marginLeft: 56,
          marginRight: 24,
          x: { label: 'size, % of 16 bits →', grid: true, domain: [0, 100] },
          y: { label: `↑ predicted loss, ${unit}`, type: 'log', grid: true, ticks: 5, tickFormat: '.0e' },
          marks: [
            plot.line(
              points.filter(({ loss }) => loss > 0),
              { x: (p) => 100 * p.size, y: 'loss', stroke: 'var(--ternary)', strokeWidth: 2, marker: true },
            ),
            plot.dot(others, {
              x: (p) => 100 * p.relative.size,
              y: 'loss',
              r: 6,
              fill: (p) => colours[p.name]!,
              stroke: 'var(--card)',
            }),
            plot.text(others, {
              x: (p) => 100 * p.relative.size,
              y: 'loss',
              text: 'name',
              dx: width < 500 ? 0 : 10,
              dy: width < 500 ? -12 : 0,
              textAnchor: width < 500 ? 'middle' : 'start',
              fill: 'var(--ink)',
              stroke: 'var(--card)',
              strokeWidth: 4,
            }),
            ...(view && view.loss > 0
              ? [
                  plot.dot([view], {
                    x: (p) => 100 * p.relative.size,
                    y: 'loss',
                    r: 9,
                    fill: 'none',
                    stroke: 'var(--plus)',
                    strokeWidth: 3,
                  }),
                ]
              : []),
          ],
        })}
      />
      <ul class="legend">
        <li>
          <i style={{ background: 'var(--ternary)' }} /> best plans, size limited alone
        </li>
        <li>
          <i style={{ background: 'var(--plus)' }} /> the present plan, all limits
        </li>
      </ul>
      <p class="small muted">
        Losses are predictions before anything is refitted or trained: good for the order of methods, not for
        accuracies.
      </p>
    </Card>
  );
}

function Rivals() {
  const view = planned.value;
  const rows = [
    ...(view
      ? [
          {
            name: 'this plan',
            note: `planned layer by layer, ${address.value.bits === 'int8' ? 8 : 16}-bit filters`,
            relative: view.relative,
            loss: view.loss,
          },
        ]
      : []),
    ...rivals.value,
  ];
  return (
    <Card title="Beside other methods">
      <div class="scroll">
        <table>
          <thead>
            <tr>
              <th>Method</th>
              <th class="right">Size</th>
              <th class="right">Energy</th>
              <th class="right">Throughput</th>
              <th class="right">Multiplications</th>
              <th class="right">Predicted loss</th>
            </tr>
          </thead>
          <tbody>
            {rows.map(({ name, note, relative, loss }, i) => (
              <tr key={name} class={i === 0 && view ? 'own' : ''}>
                <th scope="row">
                  {name}
                  <div class="muted small">{note}</div>
                </th>
                <td class="right">{percent(relative.size, 1)}</td>
                <td class="right">{percent(relative.energy, 1)}</td>
                <td class="right">{relative.throughput.toFixed(2)} ×</td>
                <td class="right">{percent(relative.multiplications, 1)}</td>
                <td class="right">{loss === null ? 'next to nothing' : short(loss)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <p class="small muted">
        Relative to the network with 16-bit weights and arithmetic, on the accelerator model of the paper.
      </p>
    </Card>
  );
}

function edit(name: string, change: { readonly alpha: number; readonly ratio: number } | null | undefined): void {
  const { [name]: _, ...rest } = edits.value;
  edits.value = change === undefined ? rest : { ...rest, [name]: change };
}

function Layers() {
  const view = planned.value;
  if (!view) return null;
  const edited = Object.keys(edits.value).length;
  return (
    <Card
      title="Layer by layer"
      side={
        <button type="button" disabled={edited === 0} onClick={() => (edits.value = {})}>
          Let the planner decide all
        </button>
      }
    >
      <ul class="legend">
        <li>
          <i style={{ background: 'var(--full)' }} /> filters in full precision
        </li>
        <li>
          <i style={{ background: 'var(--ternary)' }} /> ternary filters
        </li>
      </ul>
      <div class="scroll">
        <table>
          <thead>
            <tr>
              <th>Layer</th>
              <th>Filters</th>
              <th class="right">Full</th>
              <th class="right">Hidden units</th>
              <th class="right">Bytes</th>
              <th class="right">Loss</th>
              <th>By hand</th>
            </tr>
          </thead>
          <tbody>
            {view.layers.map((layer) => (
              <LayerRow key={layer.name} layer={layer} />
            ))}
          </tbody>
        </table>
      </div>
    </Card>
  );
}

function LayerRow({ layer: { name, filters, plan, loss, bytes, isEdited } }: { readonly layer: PlannedLayer }) {
  const isBank = plan.method === 'strassen' || plan.method === 'hybrid';
  const kept = isBank ? plan.fullPrecision.length : filters;
  const hidden = isBank ? plan.hidden : 0;
  const share = kept / filters;
  const ratios = analysis.value!.ratios;
  const ratio = isBank ? hidden / (filters - kept) : 1;
  const own = edits.value[name];
  const nearest = ratios.reduce((a, b) => (Math.abs(b - ratio) < Math.abs(a - ratio) ? b : a));
  const alpha = own ? own.alpha : Math.round(8 * share) / 8;
  const now = own ?? { alpha: Math.min(alpha, 0.875), ratio: nearest };
  return (
    <tr class={isEdited ? 'own' : ''}>
      <th scope="row">
        <button type="button" class="link" onClick={() => go({ panel: 'inspect', layer: name })}>
          {name}
        </button>
      </th>
      <td>
        <Stack share={share} label={`${kept} of ${filters} filters in full precision`} />
      </td>
      <td class="right">
        {kept} / {filters}
      </td>
      <td class="right">{isBank ? hidden : '–'}</td>
      <td class="right">{kilobytes(bytes)}</td>
      <td class="right">{short(loss)}</td>
      <td>
        <div class="row nowrap">
          <select
            aria-label={`Share of ${name} in full precision`}
            value={own === null ? '1' : `${own === undefined ? 'auto' : now.alpha}`}
            onChange={({ currentTarget: { value } }) => {
              if (value === 'auto') edit(name, undefined);
              else if (value === '1') edit(name, null);
              else edit(name, { alpha: Number(value), ratio: now.ratio });
            }}
          >
            <option value="auto">planner</option>
            {[0, 0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875].map((a) => (
              <option key={a} value={`${a}`}>
                {percent(a, a * 100 === Math.round(a * 100) ? 0 : 1)} full
              </option>
            ))}
            <option value="1">as it is</option>
          </select>
          <select
            aria-label={`Hidden units per ternary filter of ${name}`}
            disabled={!own}
            value={`${now.ratio}`}
            onChange={({ currentTarget: { value } }) => edit(name, { alpha: now.alpha, ratio: Number(value) })}
          >
            {ratios.map((r) => (
              <option key={r} value={`${r}`}>
                r = {r}
              </option>
            ))}
          </select>
        </div>
      </td>
    </tr>
  );
}
