/** Compress: calibration on the user's images, the packed file, and both networks side by side on a picture. */

import { useEffect, useRef, useState } from 'preact/hooks';
import { address, go } from '../address.ts';
import { Card, Drop, download, kilobytes, percent, Stack, short, Tiles } from '../parts/basics.tsx';
import { PictureInput } from '../parts/picture.tsx';
import type { Verdict } from '../runner/worker.ts';
import {
  analysis,
  compressed,
  compressHere,
  network,
  pictureNote,
  pictures,
  planned,
  replan,
  report,
  runner,
  takePictures,
  task,
} from '../state.ts';
import { NeedsAnalysis } from './plan.tsx';
import { Start } from './start.tsx';

export function Compress() {
  useEffect(() => {
    if (!planned.value) void replan();
  }, [analysis.value]);
  if (!network.value)
    return <Start lead="Compress a network on a few dozen of your own images, without labels and without training." />;
  if (!analysis.value) return <NeedsAnalysis />;
  return (
    <>
      <div class="split two">
        <Images />
        <PlanNote />
      </div>
      {compressed.value && <Result />}
      {compressed.value && <Compare />}
    </>
  );
}

function Images() {
  const note = pictureNote.value;
  const isReady = pictures.value.length > 0 && planned.value !== null;
  return (
    <Card title="1. Your images">
      <Drop
        label={pictures.value.length > 0 ? 'Choose other images' : 'Choose images'}
        accept="image/*"
        multiple
        slim
        onFiles={(files) => void takePictures(files)}
      >
        <p class="muted">
          Two are enough to try, 30 to 200 are good: such as the network will see. They are not labelled, and stay here.
        </p>
      </Drop>
      <p class="small" role="status">
        {note || 'No images yet.'}
      </p>
      <div class="row">
        <button
          type="button"
          class="primary"
          disabled={!isReady || task.value !== null}
          onClick={() => void compressHere()}
        >
          Compress
        </button>
      </div>
    </Card>
  );
}

function PlanNote() {
  const view = planned.value;
  const banks = view?.layers.filter(({ plan }) => plan.method !== 'fp') ?? [];
  return (
    <Card title="2. The plan">
      {view ? (
        <p>
          {percent(view.relative.size, 1)} of the size and {percent(view.relative.energy, 1)} of the energy of the
          network at 16 bits; {banks.length} of {view.layers.length} layers become filter banks,{' '}
          {address.value.bits === 'int8' ? 'all else in 8 bits' : 'all else in 16 bits'}.
        </p>
      ) : (
        <p class="muted">There is no plan within the limits yet.</p>
      )}
      <div class="row">
        <button type="button" onClick={() => go({ panel: 'plan' })}>
          Change the plan
        </button>
      </div>
    </Card>
  );
}

function Result() {
  const { model, original, control, images, seconds, layers } = compressed.value!;
  const base = network.value!.name.replace(/\.\w+$/, '');
  const [shared, setShared] = useState<string>('…');
  useEffect(() => {
    setShared('…');
    runner
      .call('agreement', { pictures: pictures.value, names: ['original', 'hybrid'] })
      .then(({ same, seen }) => setShared(`${same} of ${seen}`), report);
  }, [model]);
  const banks = layers.filter(({ hidden }) => hidden !== undefined);
  return (
    <Card
      title="3. The packed file"
      side={
        <button type="button" class="primary" onClick={() => download(`${base}-hybrid.onnx`, model as BlobPart)}>
          Download {base}-hybrid.onnx
        </button>
      }
    >
      <Tiles
        items={[
          ['Hybrid', kilobytes(model.length), `${percent(model.length / original.length)} of the original`],
          ['Original', kilobytes(original.length), 'the same form, 16-bit weights'],
          ['int8', kilobytes(control.length), 'the uncompressed control'],
          ['Same answer', shared, 'of your images, original and hybrid'],
          ['Calibrated', `${seconds.toFixed(1)} s`, `on ${images} images, one thread`],
        ]}
      />
      <details>
        <summary>How well each layer was fitted</summary>
        <div class="scroll">
          <table>
            <thead>
              <tr>
                <th>Layer</th>
                <th>Filters</th>
                <th class="right">Inherited error</th>
                <th class="right">Own error</th>
              </tr>
            </thead>
            <tbody>
              {banks.map(({ name, filters, fullPrecision = [], errors }) => (
                <tr key={name}>
                  <th scope="row">{name}</th>
                  <td>
                    <Stack
                      share={fullPrecision.length / filters}
                      label={`${fullPrecision.length} of ${filters} in full precision`}
                    />
                  </td>
                  <td class="right">{short(errors.inherited)}</td>
                  <td class="right">{short(errors.final)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
        <p class="small muted">Squared errors of outputs, relative to the variance of the original's.</p>
      </details>
    </Card>
  );
}

const contestants = [
  ['original', 'Original, 16 bits', 'var(--full)'],
  ['int8', 'int8 control', 'var(--macs)'],
  ['hybrid', 'Hybrid', 'var(--ternary)'],
] as const;

function Compare() {
  const [verdicts, setVerdicts] = useState<Readonly<Record<string, Verdict>>>({});
  const canvas = useRef<HTMLCanvasElement>();
  const state = useRef({ isBusy: false, isStale: false });
  const classify = async (runs: number) => {
    const now = state.current;
    now.isStale = true;
    if (now.isBusy || !canvas.current) return;
    now.isBusy = true;
    try {
      while (now.isStale) {
        now.isStale = false;
        const picture = await createImageBitmap(canvas.current);
        setVerdicts(await runner.call('classify', { picture, runs }, { transfer: [picture] }));
      }
    } catch (error) {
      report(error);
    } finally {
      now.isBusy = false;
    }
  };
  useEffect(() => {
    void classify(1);
  }, [compressed.value]);
  return (
    <Card
      title="4. Classify"
      side={
        <button type="button" onClick={() => void classify(50)}>
          Measure 50 runs
        </button>
      }
    >
      <div class="contest">
        <PictureInput
          first={pictures.value[0]}
          onChange={(changed) => {
            canvas.current = changed;
            void classify(1);
          }}
        />
        {contestants.map(([name, title, colour]) => (
          <Verdicts key={name} {...{ title, colour }} verdict={verdicts[name]} />
        ))}
      </div>
    </Card>
  );
}

function Verdicts({
  title,
  colour,
  verdict,
}: {
  readonly title: string;
  readonly colour: string;
  readonly verdict: Verdict | undefined;
}) {
  return (
    <section class="verdict" aria-label={title}>
      <h3>{title}</h3>
      <p class="small muted number">
        {verdict ? `${kilobytes(verdict.bytes)} · ${verdict.milliseconds.toFixed(2)} ms` : '…'}
      </p>
      <ol>
        {(verdict?.classes ?? []).map(({ label, score }) => (
          <li key={label}>
            <span>{label}</span>
            <span class="number">{percent(score, 1)}</span>
            <i style={{ width: `${100 * score}%`, background: colour }} />
          </li>
        ))}
      </ol>
    </section>
  );
}
