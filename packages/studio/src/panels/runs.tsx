/** Runs: run directories in a table, those that are chosen side by side: curves and plans. */

import { signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { LayerPlan } from '#toolkit/quantize/plan.ts';
import { address, go } from '../address.ts';
import { Card, kilobytes, Legend, percent } from '../parts/basics.tsx';
import { Chart } from '../parts/chart.tsx';
import { FileButton } from '../parts/file-button.tsx';
import { type Epoch, type RunRecord, readRun } from '../runs/records.ts';
import { folderRuns, type RunSource, serverRuns } from '../runs/source.ts';
import { during, report } from '../state.ts';

const records = signal<readonly RunRecord[] | null>(null);
let isAsked = false;

async function take(sources: readonly RunSource[]): Promise<void> {
  const found = await during('Reading runs', async ({ onProgress, signal: stop }) => {
    const all: RunRecord[] = [];
    for (const [i, source] of sources.entries()) {
      stop?.throwIfAborted();
      onProgress?.(i / sources.length, source.name);
      all.push(await readRun(source));
    }
    return all;
  });
  if (found) records.value = found;
  // stopped, by other work perhaps: asked again when the panel is opened again
  else isAsked = false;
}

export function Runs() {
  useEffect(() => {
    if (isAsked) return;
    isAsked = true;
    serverRuns().then((sources) => sources && take(sources), report);
  }, []);
  const found = records.value;
  if (!found) return <Choose />;
  const chosen = shownIn(found);
  return (
    <>
      <List runs={found} chosen={chosen} />
      <Curves runs={chosen} />
      <Trade runs={found} chosen={chosen} />
      <Plans runs={chosen.filter(({ plan }) => plan !== null)} />
    </>
  );
}

function Choose() {
  return (
    <>
      <p class="lead">
        Compare what <code>tritbank train</code> and <code>tritbank compress</code> left in their run directories.
      </p>
      <Card title="Open run directories">
        <p>
          <code>npx tritbank studio runs/</code> opens this page with the runs of a folder. Or choose the folder here:
          its files are read by this page, and by nobody else.
        </p>
        <div class="row">
          <FileButton
            label="A folder with run directories"
            isFolder
            primary
            onFiles={(files) => void take(folderRuns(files))}
          >
            Choose a folder
          </FileButton>
        </div>
      </Card>
    </>
  );
}

/** Those of the address; the first ones where it names none. */
function shownIn(runs: readonly RunRecord[]): readonly RunRecord[] {
  const { show } = address.value;
  if (show === null) return runs.filter(({ epochs }) => epochs.length > 0).slice(0, 4);
  const names = show.split(',');
  return runs.filter(({ name }) => names.includes(name));
}

const palette = ['ternary', 'plus', 'macs', 'strassen', 'twn', 'pink', 'green', 'full'] as const;
const colourOf = (chosen: readonly RunRecord[], run: RunRecord) =>
  `var(--${palette[chosen.indexOf(run) % palette.length]!})`;

const shareOr = (value: number | null) => (value === null ? '–' : percent(value, 1));

function List({ runs, chosen }: { readonly runs: readonly RunRecord[]; readonly chosen: readonly RunRecord[] }) {
  const { filter } = address.value;
  const words = (filter ?? '').toLowerCase().split(/\s+/);
  const listed = runs.filter(({ name, method, data }) =>
    words.every((word) => `${name} ${method} ${data}`.toLowerCase().includes(word)),
  );
  const choose = (run: RunRecord, isChosen: boolean) => {
    const next = isChosen ? [...chosen, run] : chosen.filter((other) => other !== run);
    go({ show: next.map(({ name }) => name).join(',') });
  };
  return (
    <Card
      title={`${listed.length} of ${runs.length} runs`}
      side={
        <label class="row small">
          Filter
          <input
            type="search"
            class="search"
            value={filter ?? ''}
            placeholder="part of a name, method, data"
            onInput={({ currentTarget: { value } }) => go({ filter: value === '' ? null : value })}
          />
        </label>
      }
    >
      <section class="scroll tall" aria-label="Table of runs" tabIndex={0}>
        <table>
          <thead>
            <tr>
              <th>Compare</th>
              <th>Run</th>
              <th>Method</th>
              <th>Data</th>
              <th class="right">Top-1</th>
              <th class="right">Bytes</th>
              <th class="right">Size</th>
              <th class="right">Energy</th>
              <th class="right">Throughput</th>
            </tr>
          </thead>
          <tbody>
            {listed.map((run) => {
              const isChosen = chosen.includes(run);
              return (
                <tr key={run.name} class={isChosen ? 'own' : ''}>
                  <td>
                    <input
                      type="checkbox"
                      aria-label={`Compare ${run.name}`}
                      checked={isChosen}
                      onChange={({ currentTarget }) => choose(run, currentTarget.checked)}
                    />
                  </td>
                  <th scope="row">
                    {isChosen && <i class="dot" style={{ background: colourOf(chosen, run) }} />} {run.name}
                    {run.fault && <div class="small fault">{run.fault}</div>}
                  </th>
                  <td>{run.method}</td>
                  <td>{run.data}</td>
                  <td class="right">{run.top1 === null ? '–' : percent(run.top1, 2)}</td>
                  <td class="right">{run.bytes === null ? '–' : kilobytes(run.bytes)}</td>
                  <td class="right">{shareOr(run.size)}</td>
                  <td class="right">{shareOr(run.energy)}</td>
                  <td class="right">{run.throughput === null ? '–' : `${run.throughput.toFixed(2)} ×`}</td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </section>
    </Card>
  );
}

const curves = [
  { label: 'Top-1 by epoch', axis: '↑ top-1, %', pick: (epoch: Epoch) => epoch.top1, factor: 100 },
  { label: 'Test loss by epoch', axis: '↑ test loss, nats', pick: (epoch: Epoch) => epoch.testLoss, factor: 1 },
] as const;

/** A scale's domain around numbers that are all one, of which a scale would have no extent. */
const around = ([one, ...others]: readonly number[]): { readonly domain?: readonly [number, number] } =>
  one !== undefined && others.every((other) => other === one) ? { domain: [one - 1, one + 1] } : {};

function Curves({ runs }: { readonly runs: readonly RunRecord[] }) {
  const ends = runs.flatMap(({ epochs }) => epochs.map(({ epoch }) => epoch));
  const [first, last] = [Math.min(...ends), Math.max(...ends)];
  // whole epochs only
  const ticks = { ticks: first === last ? 2 : Math.min(10, last - first), tickFormat: 'd' } as const;
  const epochs = { label: 'epoch', ...ticks, ...around(ends) };
  const colour = { domain: runs.map(({ name }) => name), range: runs.map((run) => colourOf(runs, run)) };
  if (runs.every(({ epochs }) => epochs.length === 0)) return null;
  return (
    <Card title="Curves">
      <div class="split two">
        {curves.map(({ label, axis, pick, factor }) => {
          const points = runs.flatMap((run) =>
            run.epochs.flatMap((one) => {
              const value = pick(one);
              return value === null ? [] : [{ run: run.name, epoch: one.epoch, value: factor * value }];
            }),
          );
          return (
            <Chart
              key={label}
              label={label}
              height={280}
              of={[runs]}
              draw={(plot) => ({
                color: colour,
                x: epochs,
                y: { label: axis, grid: true, ...around(points.map((point) => point.value)) },
                marks: [
                  plot.line(points, { x: 'epoch', y: 'value', stroke: 'run', strokeWidth: 2, marker: last <= 12 }),
                ],
              })}
            />
          );
        })}
      </div>
      <Legend items={runs.map((run) => [colourOf(runs, run), run.name])} />
    </Card>
  );
}

/** Accuracy against size, all runs that have both. */
function Trade({ runs, chosen }: { readonly runs: readonly RunRecord[]; readonly chosen: readonly RunRecord[] }) {
  const points = runs.filter(({ top1, size }) => top1 !== null && size !== null);
  if (points.length < 2) return null;
  return (
    <Card title="Accuracy against size">
      <Chart
        label="Top-1 against size"
        height={320}
        of={[runs, chosen]}
        draw={(plot) => ({
          x: { label: 'size, % of 16 bits →', grid: true, inset: 10 },
          y: { label: '↑ top-1, %', grid: true, inset: 8 },
          marks: [
            plot.dot(points, {
              x: (run: RunRecord) => 100 * run.size!,
              y: (run: RunRecord) => 100 * run.top1!,
              r: (run: RunRecord) => (chosen.includes(run) ? 7 : 4),
              fill: (run: RunRecord) => (chosen.includes(run) ? colourOf(chosen, run) : 'var(--full)'),
              title: (run: RunRecord) => run.name,
              tip: true,
            }),
          ],
          r: { type: 'identity' },
        })}
      />
    </Card>
  );
}

function describe(plan: LayerPlan | undefined): string {
  if (!plan || plan.method === 'fp') return plan && 'bits' in plan && plan.bits ? '4 bits' : 'full';
  if (plan.method === 'twn') return 'TWN';
  return `${plan.fullPrecision.length} full, ${plan.hidden} hidden`;
}

function Plans({ runs }: { readonly runs: readonly RunRecord[] }) {
  const layers = [...new Set(runs.flatMap(({ plan }) => Object.keys(plan!)))];
  if (layers.length === 0) return null;
  return (
    <Card title="Plans">
      <section class="scroll tall" aria-label="Layers of the plans" tabIndex={0}>
        <table>
          <thead>
            <tr>
              <th>Layer</th>
              {runs.map((run) => (
                <th key={run.name}>{run.name}</th>
              ))}
            </tr>
          </thead>
          <tbody>
            {layers.map((layer) => (
              <tr key={layer}>
                <th scope="row">{layer}</th>
                {runs.map(({ name, plan }) => (
                  <td key={name}>{describe(plan![layer])}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </Card>
  );
}
