/**
 * Classifies a drawing, an image or a camera frame with several models at once, and shows what each says, how large its
 * file is and how long it takes. `models.json` beside the page names the models.
 */

// Elsewhere: from 'tritbank/runtime'.
import { type ImageClassifier, pipeline } from '../../src/runtime/index.ts';
import { createPicture, type SourceName } from './sources.ts';

interface Contestant {
  readonly name: string;
  readonly bytes: number;
  readonly classify: ImageClassifier;
  readonly card: HTMLElement;
  milliseconds: number;
}

const find = <T extends Element = HTMLElement>(selector: string, within: ParentNode = document): T =>
  within.querySelector<T>(selector)!;
const message = find('#message');
const tabs = Array.from(document.querySelectorAll<HTMLElement>('[data-source]'));
const median = (values: readonly number[]) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;

async function fetchOk(url: string): Promise<Response> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url}: ${response.status} ${response.statusText}`);
  return response;
}

async function load({ name, note, file }: Readonly<Record<'name' | 'note' | 'file', string>>): Promise<Contestant> {
  const bytes = new Uint8Array(await (await fetchOk(file)).arrayBuffer());
  const classify = await pipeline('image-classification', bytes);
  const card = find<HTMLTemplateElement>('#model').content.cloneNode(true) as DocumentFragment;
  const article = find('article', card);
  find('h2', article).textContent = name;
  find('.note', article).textContent = note;
  find('.size', article).textContent = `${(bytes.length / 1024).toFixed(0)} KB`;
  find('#models').append(card);
  return { name, bytes: bytes.length, classify, card: article, milliseconds: Number.NaN };
}

/** One picture, `runs` times; what is shown is the median, preparing the picture included. */
async function classify(contestant: Contestant, canvas: HTMLCanvasElement, runs: number): Promise<void> {
  const times: number[] = [];
  let classes: Awaited<ReturnType<ImageClassifier>> = [];
  for (let run = 0; run < runs; run++) {
    const began = performance.now();
    classes = await contestant.classify(canvas, { topK: 5 });
    times.push(performance.now() - began);
  }
  contestant.milliseconds = median(times);
  find('.latency', contestant.card).textContent = `${contestant.milliseconds.toFixed(2)} ms`;
  find('.classes', contestant.card).replaceChildren(
    ...classes.map(({ label, score }) => {
      const item = document.createElement('li');
      const bar = document.createElement('i');
      bar.style.width = `${100 * score}%`;
      const [text, share] = [document.createElement('span'), document.createElement('span')];
      text.textContent = label;
      share.textContent = `${(100 * score).toFixed(1)} %`;
      item.append(bar, text, share);
      return item;
    }),
  );
}

function summarize([baseline, ...others]: readonly Contestant[]): string {
  return others
    .map(({ name, bytes, milliseconds }) => {
      const speed = baseline!.milliseconds / milliseconds;
      return `${name}: ${(baseline!.bytes / bytes).toFixed(1)} times smaller than ${baseline!.name}, ${speed.toFixed(1)} times as fast.`;
    })
    .join(' ');
}

async function start(): Promise<void> {
  const contestants: Contestant[] = [];
  for (const entry of await (await fetchOk('models.json')).json()) contestants.push(await load(entry));
  let isBusy = false;
  let isStale = false;
  const update = async (runs = 1) => {
    isStale = true;
    if (isBusy) return;
    isBusy = true;
    try {
      while (isStale) {
        isStale = false;
        for (const contestant of contestants) await classify(contestant, picture.canvas, runs);
      }
      if (runs > 1) find('#summary').textContent = summarize(contestants);
    } catch (error) {
      report(error);
    } finally {
      isBusy = false;
    }
  };
  const picture = createPicture(find<HTMLCanvasElement>('#picture'), () => void update());
  const show = async (source: SourceName) => {
    for (const tab of tabs) {
      tab.setAttribute('aria-selected', String(tab.dataset.source === source));
    }
    find('#choose').hidden = source !== 'file';
    find('#clear').hidden = source !== 'drawing';
    message.textContent = '';
    await picture.show(source);
  };
  for (const tab of tabs) {
    tab.addEventListener('click', () => void show(tab.dataset.source as SourceName).catch(report));
  }
  find('#clear').addEventListener('click', picture.clear);
  find('#measure').addEventListener('click', () => void update(50));
  find<HTMLInputElement>('#choose input').addEventListener('change', ({ target }) => {
    const file = (target as HTMLInputElement).files?.[0];
    if (file) picture.open(file).catch(report);
  });
  await show('drawing');
  document.body.dataset.ready = 'true';
}

function report(error: unknown): void {
  message.textContent = error instanceof Error ? error.message : String(error);
}

start().catch(report);
