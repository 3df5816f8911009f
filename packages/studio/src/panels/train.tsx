/** Train: a small MobileNet in this page, by four methods, its curves and its matrices as they become ternary. */

import { signal } from '@preact/signals';
import type { Method } from '#toolkit/train/records.ts';
import { go } from '../address.ts';
import { Card, count, Drop, download, kilobytes, percent, Slider } from '../parts/basics.tsx';
import { Chart } from '../parts/chart.tsx';
import { FolderButton } from '../parts/folder-button.tsx';
import { Heat } from '../parts/heat.tsx';
import { connect } from '../rpc.ts';
import { during, openNetwork, report, task } from '../state.ts';
import { theme } from '../theme.ts';
import type { DataRequest } from '../trainer/data.ts';
import type { EpochEnd, Matrix, StepRecord, TrainSettings } from '../trainer/trainer.ts';
import type { TrainingWorker } from '../trainer/worker.ts';

const trainer = connect<TrainingWorker>(
  () => new Worker(new URL('../trainer/worker.ts', import.meta.url), { type: 'module' }),
);

interface DataInfo {
  readonly name: string;
  readonly classes: readonly string[];
  readonly train: number;
  readonly test: number;
  readonly height: number;
  readonly width: number;
}

interface Run {
  readonly id: number;
  readonly settings: TrainSettings;
  readonly steps: readonly StepRecord[];
  readonly epochs: readonly EpochEnd[];
  /** Of the packed file, in the end. */
  readonly file: { readonly bytes: Uint8Array; readonly stored: number; readonly top1: number } | null;
  readonly stepsPerSecond: number;
}

type Mode = 'idle' | 'running' | 'paused';

const data = signal<DataInfo | null>(null);
const runs = signal<readonly Run[]>([]);
const mode = signal<Mode>('idle');
const matrices = signal<readonly string[]>([]);
const watched = signal<string | null>(null);
const matrix = signal<Matrix | null>(null);
const settings = signal<TrainSettings>({
  method: 'hybrid',
  ...{ epochs: 5, width: 0.25, alpha: 0.5, widthRatio: 1.25, learningRate: 0.05, batchSize: 32, seed: 1 },
});

const methodNames: readonly (readonly [Method, string])[] = [
  ['fp', 'Full precision'],
  ['twn', 'TWN'],
  ['strassen', 'StrassenNets'],
  ['hybrid', 'Hybrid'],
];
const nameOf = (method: Method) => methodNames.find(([one]) => one === method)![1];
const colourOf: { readonly [M in Method]: string } = {
  fp: 'var(--full)',
  twn: 'var(--twn)',
  strassen: 'var(--strassen)',
  hybrid: 'var(--ternary)',
};

async function takeData(request: DataRequest): Promise<void> {
  const found = await during('Reading images', (options) => trainer.call('data', request, options));
  if (found) data.value = found;
}

function change(id: number, update: (run: Run) => Partial<Run>): void {
  runs.value = runs.value.map((run) => (run.id === id ? { ...run, ...update(run) } : run));
}

/** Of a long run's steps, as many as a chart can show. */
const mostSteps = 600;

/** Halves a list that is too long, by keeping every second entry. */
const thin = (steps: readonly StepRecord[]) => (steps.length > mostSteps ? steps.filter((_, i) => i % 2 === 1) : steps);

async function drive(id: number): Promise<void> {
  try {
    while (mode.value === 'running') {
      const began = performance.now();
      const found = await trainer.call('advance', { milliseconds: 400, watch: watched.value });
      const seconds = (performance.now() - began) / 1000;
      change(id, ({ steps, epochs }) => ({
        steps: thin([...steps, ...found.steps]),
        epochs: found.end ? [...epochs, found.end] : epochs,
        ...(!found.end && { stepsPerSecond: found.steps.length / seconds }),
      }));
      if (found.matrix) matrix.value = found.matrix;
      if (!found.isDone) continue;
      mode.value = 'idle';
      const file = await during('Packing', () => trainer.call('finish', null as never));
      if (file) change(id, () => ({ file }));
    }
  } catch (error) {
    mode.value = 'idle';
    report(error);
  }
}

async function start(): Promise<void> {
  if (!data.value) await takeData({ kind: 'drawn' });
  if (!data.value) return;
  const begun = await during('Preparing', () => trainer.call('begin', settings.value));
  if (!begun) return;
  matrices.value = begun.ternary;
  watched.value = begun.ternary.find((name) => /wc/i.test(name)) ?? begun.ternary[0] ?? null;
  matrix.value = null;
  const id = runs.value.length + 1;
  const run: Run = { id, settings: settings.value, steps: [], epochs: [], file: null, stepsPerSecond: 0 };
  runs.value = [...runs.value, run];
  mode.value = 'running';
  await drive(id);
}

function resume(): void {
  mode.value = 'running';
  void drive(runs.value.at(-1)!.id);
}

export function Train() {
  return (
    <>
      <p class="lead">
        The toolkit's training step, one static graph with its backward pass, runs here on ONNX Runtime in WebAssembly.
      </p>
      <div class="split side">
        <div class="column">
          <Data />
          <Settings />
        </div>
        <div class="column">
          <Curves />
          <Watch />
        </div>
      </div>
      <Table />
    </>
  );
}

function Data() {
  const isBusy = mode.value !== 'idle' || task.value !== null;
  const found = data.value;
  return (
    <Card title="Images">
      <p class="small" role="status">
        {found
          ? `${found.name}: ${count(found.train)} to train on, ${count(found.test)} to test, ${found.classes.length} classes, ${found.width} × ${found.height}.`
          : 'Digits that the page draws, unless you choose something else.'}
      </p>
      <div class="row">
        <button type="button" disabled={isBusy} onClick={() => void takeData({ kind: 'drawn' })}>
          Drawn digits
        </button>
        <FolderButton
          label="A folder of classes"
          disabled={isBusy}
          onFiles={(files) => {
            const images = files.filter(({ type }) => type.startsWith('image/'));
            const named = images.map((file) => ({ path: file.webkitRelativePath || file.name, file }));
            if (named.length > 0) void takeData({ kind: 'folder', files: named, size: 32 });
          }}
        >
          A folder of classes
        </FolderButton>
      </div>
      <Drop
        slim
        multiple
        label="Choose MNIST's IDX files"
        accept=""
        onFiles={(files) => void takeData({ kind: 'idx', files })}
      >
        <span class="small muted">or the four files of MNIST, gzipped or not</span>
      </Drop>
    </Card>
  );
}

function Settings() {
  const now = settings.value;
  const set = (change: Partial<TrainSettings>) => {
    settings.value = { ...now, ...change };
  };
  return (
    <Card title="Training">
      <label class="row">
        Method
        <select value={now.method} onChange={({ currentTarget }) => set({ method: currentTarget.value as Method })}>
          {methodNames.map(([value, name]) => (
            <option key={value} value={value}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <Slider
        label="Epochs"
        {...{ min: 1, max: 20, step: 1, value: now.epochs }}
        show={String}
        onChange={(epochs) => set({ epochs })}
      />
      <Slider
        label="Width"
        {...{ min: 0.125, max: 1, step: 0.125, value: now.width }}
        show={String}
        onChange={(width) => set({ width })}
      />
      <Slider
        label="Filters in full precision"
        {...{ min: 0, max: 0.875, step: 0.125, value: now.alpha, disabled: now.method !== 'hybrid' }}
        show={(value) => percent(value, 1)}
        onChange={(alpha) => set({ alpha })}
      />
      <Slider
        label="Hidden units per ternary filter"
        {...{ min: 0.25, max: 2, step: 0.25, value: now.widthRatio, disabled: now.method !== 'hybrid' }}
        show={String}
        onChange={(widthRatio) => set({ widthRatio })}
      />
      <Slider
        label="Learning rate"
        {...{ min: 0.005, max: 0.2, step: 0.005, value: now.learningRate }}
        show={(value) => value.toFixed(3)}
        onChange={(learningRate) => set({ learningRate })}
      />
      <div class="row">
        {mode.value === 'idle' && (
          <button type="button" class="primary" disabled={task.value !== null} onClick={() => void start()}>
            Train
          </button>
        )}
        {mode.value === 'running' && (
          <button type="button" class="primary" onClick={() => (mode.value = 'paused')}>
            Pause
          </button>
        )}
        {mode.value === 'paused' && (
          <>
            <button type="button" class="primary" onClick={resume}>
              Resume
            </button>
            <button type="button" onClick={() => (mode.value = 'idle')}>
              Give up
            </button>
          </>
        )}
      </div>
    </Card>
  );
}

/** Means of a few steps each, so that a curve is one. */
function smooth(steps: readonly StepRecord[]): { epoch: number; loss: number }[] {
  const size = Math.max(1, Math.round(steps.length / 120));
  return Array.from({ length: Math.floor(steps.length / size) }, (_, i) => {
    const some = steps.slice(i * size, (i + 1) * size);
    return { epoch: some[0]!.epoch, loss: some.reduce((sum, { loss }) => sum + loss, 0) / some.length };
  });
}

function Curves() {
  const all = runs.value;
  const last = all.at(-1);
  const words = last
    ? `${nameOf(last.settings.method)}, epoch ${Math.floor(last.steps.at(-1)?.epoch ?? 0) + 1} of ${last.settings.epochs}, phase ${last.steps.at(-1)?.phase ?? 'full'}, ${last.stepsPerSecond.toFixed(1)} steps/s`
    : 'Nothing was trained yet.';
  const epochs = Math.max(settings.value.epochs, ...all.map((run) => run.settings.epochs));
  return (
    <Card title="Curves" side={<span class="small muted number">{words}</span>}>
      <div class="split two">
        <Chart
          label="Training loss by epoch"
          height={230}
          of={[all, epochs]}
          draw={(plot) => ({
            x: { label: 'epoch', domain: [0, epochs] },
            y: {
              label: '↑ training loss, nats',
              grid: true,
              domain: [
                0,
                Math.max(2.5, ...all.flatMap((run) => run.steps.slice(0, 40).map(({ loss }) => Math.min(loss, 4)))),
              ],
            },
            marks: all.map((run) =>
              plot.line(smooth(run.steps), {
                x: 'epoch',
                y: 'loss',
                stroke: colourOf[run.settings.method],
                strokeWidth: 2,
                clip: true,
              }),
            ),
          })}
        />
        <Chart
          label="Top-1 on the test images by epoch"
          height={230}
          of={[all, epochs]}
          draw={(plot) => ({
            x: { label: 'epoch', domain: [0, epochs] },
            y: { label: '↑ top-1 on test images, %', grid: true, domain: [0, 100] },
            marks: all.map((run) =>
              plot.line(run.epochs, {
                x: 'epoch',
                y: (end: EpochEnd) => 100 * end.top1,
                stroke: colourOf[run.settings.method],
                strokeWidth: 2,
                marker: true,
              }),
            ),
          })}
        />
      </div>
      <ul class="legend">
        {methodNames.map(([method, name]) => (
          <li key={method}>
            <i style={{ background: colourOf[method] }} /> {name}
          </li>
        ))}
      </ul>
    </Card>
  );
}

function Watch() {
  const shown = matrix.value;
  const share = shown ? shown.trits.filter((trit) => trit === 0).length / shown.trits.length : 0;
  return (
    <Card
      title="A matrix turns ternary"
      side={
        matrices.value.length > 0 && (
          <select
            aria-label="Ternary matrix"
            value={watched.value ?? ''}
            onChange={({ currentTarget }) => (watched.value = currentTarget.value)}
          >
            {matrices.value.map((name) => (
              <option key={name} value={name}>
                {name}
              </option>
            ))}
          </select>
        )
      }
    >
      {shown ? (
        <>
          <div class="split two">
            <div>
              <h3>What the optimizer moves</h3>
              <Heat
                label={`Latent weights of ${shown.name}`}
                rows={shown.rows}
                columns={shown.columns}
                values={shown.latent}
                theme={theme.value}
                height={200}
              />
            </div>
            <div>
              <h3>Its trits: {percent(share)} zeros</h3>
              <Heat
                label={`Trits of ${shown.name}`}
                rows={shown.rows}
                columns={shown.columns}
                values={shown.trits}
                theme={theme.value}
                height={200}
              />
            </div>
          </div>
          <p class="small muted">
            Full: weights are real numbers. Ternary: the network computes with the trits, gradients move the numbers
            behind them. Frozen: the trits stay, what is around them is tuned.
          </p>
        </>
      ) : (
        <p class="muted" style={{ minHeight: '200px' }}>
          {runs.value.length > 0 && matrices.value.length === 0
            ? 'A network in full precision has none.'
            : 'It is shown here during a training.'}
        </p>
      )}
    </Card>
  );
}

/** A line per step. */
const curveOf = (steps: readonly StepRecord[]) =>
  ['step,epoch,phase,loss,top1', ...steps.map((s) => [s.step, s.epoch, s.phase, s.loss, s.top1].join())].join('\n');

function Table() {
  if (runs.value.length === 0) return null;
  return (
    <Card title="Runs in this page">
      <div class="scroll">
        <table>
          <thead>
            <tr>
              <th>Run</th>
              <th class="right">Epochs</th>
              <th class="right">Top-1</th>
              <th class="right">Size</th>
              <th class="right">File</th>
              <th>The network</th>
            </tr>
          </thead>
          <tbody>
            {runs.value.map(({ id, settings: { method, width }, steps, epochs, file }) => (
              <tr key={id}>
                <th scope="row">
                  {id}. {nameOf(method)}, width {width}
                </th>
                <td class="right">{epochs.length}</td>
                <td class="right">{percent(file?.top1 ?? epochs.at(-1)?.top1 ?? 0, 1)}</td>
                <td class="right">{file ? kilobytes(file.stored) : '–'}</td>
                <td class="right">{file ? kilobytes(file.bytes.length) : '–'}</td>
                <td>
                  {file && (
                    <div class="row">
                      <button type="button" onClick={() => download(`${method}-${id}.onnx`, file.bytes as BlobPart)}>
                        Download
                      </button>
                      <button type="button" onClick={() => download(`${method}-${id}.csv`, curveOf(steps), 'text/csv')}>
                        Curve
                      </button>
                      <button
                        type="button"
                        onClick={() => {
                          go({ panel: 'inspect' });
                          openNetwork({ name: `${method}-${id}.onnx`, bytes: file.bytes }).catch(report);
                        }}
                      >
                        Inspect
                      </button>
                    </div>
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Card>
  );
}
