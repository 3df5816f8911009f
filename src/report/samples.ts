/** Test images with their predictions, as PNG data URIs. */

import sharp from 'sharp';
import type { SampleRecord } from '../train/records.ts';
import { formatPercent } from './format.ts';
import { html, type Markup } from './html.ts';
import type { NamedRun } from './runs.ts';

/** Images that are shown at most, and their longer side at most, in pixels: both bound the report's size. */
const maxSamples = 24;
const maxSide = 64;

/** The gallery of a run; `undefined` when it kept no images. */
export async function renderSamples({ run, name }: NamedRun): Promise<Markup | undefined> {
  const shown = selectSamples(run.samples);
  if (shown.length === 0) return undefined;
  const isRight = (sample: SampleRecord) => sample.prediction === sample.label;
  const right = run.samples.filter(isRight).length;
  const text = (index: number) => run.classes[index] ?? `${index}`;
  const card = (sample: SampleRecord, uri: string) => {
    const [kind, sign] = isRight(sample) ? ['right', '✓'] : ['wrong', '✗'];
    const prediction = text(sample.prediction);
    const label = text(sample.label);
    return html`<li class="${kind}">
<img src="${uri}" alt="${label}" width="80" height="80">
<span class="prediction"><span title="Predicted: ${prediction}">${sign} ${prediction}</span>
<small>${formatPercent(sample.probability, 0)} %</small></span>
<span class="label" title="True class: ${label}">true: ${label}</span>
</li>`;
  };
  const uris = await Promise.all(shown.map(encodeImage));
  const mistakes = shown.filter((sample) => !isRight(sample)).length;
  const isSkewed = mistakes / shown.length > 1 - right / run.samples.length;
  const chosen = isSkewed ? 'Mistakes come first and are shown more often than they occur.' : '';
  return html`<p class="note">${name}: ${right} of the ${run.samples.length} images kept by the run are classified right.
The percentage is the probability of the prediction. ${chosen}</p>
<ul class="samples">${shown.map((sample, i) => card(sample, uris[i]!))}</ul>`;
}

/** Up to half mistakes, those of the highest probability first; then images that are right, in their order. */
export function selectSamples(samples: readonly SampleRecord[]): SampleRecord[] {
  const usable = samples.filter(isUsable);
  const wrong = usable.filter((s) => s.prediction !== s.label).toSorted((a, b) => b.probability - a.probability);
  const right = usable.filter((s) => s.prediction === s.label);
  const wrongCount = Math.min(wrong.length, Math.max(maxSamples / 2, maxSamples - right.length));
  return [...wrong.slice(0, wrongCount), ...right.slice(0, maxSamples - wrongCount)];
}

const isUsable = ({ pixels, channels, height, width }: SampleRecord) =>
  (channels === 1 || channels === 3) && height > 0 && width > 0 && pixels.length === channels * height * width;

/** Pixels are 0..255, channel after channel. */
export interface ShownImage {
  readonly pixels: ArrayLike<number>;
  readonly channels: number;
  readonly height: number;
  readonly width: number;
}

/** A PNG data URI; images beyond `maxSide` are made smaller. */
export async function encodeImage({ pixels, channels, height, width }: ShownImage): Promise<string> {
  const plane = height * width;
  const interleaved = new Uint8ClampedArray(channels * plane);
  for (let c = 0; c < channels; c++) {
    for (let i = 0; i < plane; i++) interleaved[i * channels + c] = pixels[c * plane + i]!;
  }
  const raw = { width, height, channels: channels === 1 ? 1 : 3 } as const;
  const png = await sharp(interleaved, { raw })
    .resize({ width: maxSide, height: maxSide, fit: 'inside', withoutEnlargement: true })
    .toColorspace(channels === 1 ? 'b-w' : 'srgb')
    .png({ compressionLevel: 9 })
    .toBuffer();
  return `data:image/png;base64,${png.toString('base64')}`;
}
