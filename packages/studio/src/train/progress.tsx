/** What is seen of a training: its curves, and a matrix as it becomes ternary. */

import { Card, Legend, percent } from '../parts/basics.tsx';
import { Chart } from '../parts/chart.tsx';
import { Matrices } from '../parts/heat.tsx';
import type { EpochEnd, StepRecord } from '../trainer/trainer.ts';
import { colourOf, matrices, matrix, methodNames, mode, nameOf, runs, settings, watched } from './session.ts';

/** Means of a few steps each, so that a curve is one. */
function smooth(steps: readonly StepRecord[]): { epoch: number; loss: number }[] {
  const size = Math.max(1, Math.round(steps.length / 120));
  return Array.from({ length: Math.floor(steps.length / size) }, (_, i) => {
    const some = steps.slice(i * size, (i + 1) * size);
    return { epoch: some[0]!.epoch, loss: some.reduce((sum, { loss }) => sum + loss, 0) / some.length };
  });
}

export function Curves() {
  const all = runs.value;
  const last = all.at(-1);
  const words = last
    ? `${nameOf(last.settings.method)}, epoch ${Math.floor(last.steps.at(-1)?.epoch ?? 0) + 1} of ${last.settings.epochs}, phase ${last.steps.at(-1)?.phase ?? 'full'}, ${mode.value === 'paused' ? 'paused' : `${last.stepsPerSecond.toFixed(1)} steps/s`}`
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
      <Legend items={methodNames.map(([method, name]) => [colourOf[method], name])} />
    </Card>
  );
}

export function Watch() {
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
          <Matrices
            of={[
              {
                title: 'What the optimizer moves',
                label: `Latent weights of ${shown.name}`,
                ...{ rows: shown.rows, columns: shown.columns, values: shown.latent, height: 200 },
              },
              {
                title: `Its trits: ${percent(share)} zeros`,
                label: `Trits of ${shown.name}`,
                ...{ rows: shown.rows, columns: shown.columns, values: shown.trits, height: 200 },
              },
            ]}
          />
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
