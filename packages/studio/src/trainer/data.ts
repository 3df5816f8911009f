/** Images to train on, in memory: digits that the page draws, folders of the user, or the files of MNIST. */

import type { AugmentOptions } from '#toolkit/data/augment.ts';
import { parseIdx } from '#toolkit/data/idx.ts';
import type { ImageShape } from '#toolkit/data/image.ts';
import { checkedLabels, MemorySplit } from '#toolkit/data/memory.ts';
import { Random, TritbankError } from '#toolkit/ir/index.ts';
import type { Call } from '../rpc.ts';
import { pixelsOf } from '../workshop/images.ts';

export type DataRequest =
  | { readonly kind: 'drawn' }
  /** Files with their paths: the folder of an image is its class. */
  | {
      readonly kind: 'folder';
      readonly files: readonly { readonly path: string; readonly file: File }[];
      readonly size: number;
    }
  | { readonly kind: 'idx'; readonly files: readonly File[] };

export interface TrainingData extends ImageShape {
  readonly name: string;
  readonly classes: readonly string[];
  readonly train: MemorySplit;
  readonly test: MemorySplit;
  readonly augment: AugmentOptions;
}

const fonts = ['sans-serif', 'serif', 'monospace', 'cursive', 'system-ui'] as const;

/** White digits on black, 28 x 28: several fonts, sizes, places and angles. */
function drawDigits(count: number, seed: number, call: Call): { pixels: Uint8Array; labels: Int32Array } {
  const side = 28;
  const random = new Random(seed, 'digits');
  const canvas = new OffscreenCanvas(side, side);
  const context = canvas.getContext('2d', { willReadFrequently: true })!;
  Object.assign(context, { textAlign: 'center', textBaseline: 'middle' });
  const between = (low: number, high: number) => low + (high - low) * random.float();
  const pixels = new Uint8Array(count * side * side);
  const labels = Int32Array.from({ length: count }, (_, i) => i % 10);
  for (let i = 0; i < count; i++) {
    call.signal.throwIfAborted();
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.fillStyle = '#000';
    context.fillRect(0, 0, side, side);
    context.setTransform(1, 0, between(-0.25, 0.25), 1, side / 2 + between(-2.5, 2.5), side / 2 + between(-2.5, 2.5));
    context.rotate(between(-0.25, 0.25));
    context.scale(between(0.8, 1.15), between(0.85, 1.1));
    const font = fonts[Math.floor(random.float() * fonts.length)]!;
    context.font = `${random.float() < 0.5 ? 'bold ' : ''}${between(19, 26).toFixed(1)}px ${font}`;
    context.fillStyle = '#fff';
    context.fillText(`${labels[i]}`, 0, 0);
    const { data } = context.getImageData(0, 0, side, side);
    for (let p = 0; p < side * side; p++) {
      pixels[i * side * side + p] = Math.min(255, Math.max(0, data[4 * p]! + between(-12, 24)));
    }
  }
  return { pixels, labels };
}

const grey: ImageShape = { channels: 1, height: 28, width: 28 };
const digits = Array.from({ length: 10 }, (_, i) => `${i}`);

function drawn(call: Call): TrainingData {
  call.report(0, 'drawing digits');
  const [train, test] = [drawDigits(3000, 1, call), drawDigits(500, 2, call)];
  return {
    ...{ name: 'drawn digits', classes: digits, ...grey, augment: {} },
    train: new MemorySplit('train', grey, train.pixels, train.labels, 10),
    test: new MemorySplit('test', grey, test.pixels, test.labels, 10),
  };
}

async function bytesOf(file: File): Promise<Uint8Array> {
  const isZipped = file.name.endsWith('.gz');
  const body = isZipped ? file.stream().pipeThrough(new DecompressionStream('gzip')) : file.stream();
  return new Uint8Array(await new Response(body).arrayBuffer());
}

/** Most training images that are kept of a large set: enough for the minutes that a page has. */
const mostImages = 12_000;

async function idx(files: readonly File[]): Promise<TrainingData> {
  const find = (part: string) => {
    const file = files.find(({ name }) => name.includes(part));
    if (file) return file;
    const expected = 'expected the four IDX files of MNIST (train-images, train-labels, t10k-images, t10k-labels)';
    throw new TritbankError('E_DATA', 'files', `${expected}, found no ${part}`);
  };
  const split = async (name: string, images: File, labels: File, most: number) => {
    const { dims, data } = parseIdx(images.name, await bytesOf(images), 3);
    const found = parseIdx(labels.name, await bytesOf(labels), 1).data;
    const count = Math.min(most, dims[0]!);
    const shape: ImageShape = { channels: 1, height: dims[1]!, width: dims[2]! };
    const pixels = data.subarray(0, count * shape.height * shape.width);
    return new MemorySplit(name, shape, pixels, checkedLabels(labels.name, found.subarray(0, count), 10), 10);
  };
  const train = await split('train', find('train-images'), find('train-labels'), mostImages);
  const test = await split('test', find('t10k-images'), find('t10k-labels'), 1000);
  const { channels, height, width } = train;
  return { name: 'IDX files', classes: digits, channels, height, width, train, test, augment: { crop: 2 } };
}

async function folder({ files, size }: Extract<DataRequest, { kind: 'folder' }>, call: Call): Promise<TrainingData> {
  const shape: ImageShape = { channels: 3, height: size, width: size };
  const classOf = (path: string) => path.split('/').at(-2) ?? '';
  const classes = [...new Set(files.map(({ path }) => classOf(path)))].sort();
  if (classes.length < 2) {
    const expected = 'expected a folder with a folder of images for each class';
    throw new TritbankError('E_DATA', 'folder', `${expected}, found ${classes.length} of them`);
  }
  const images: { pixels: Uint8Array; label: number }[] = [];
  for (const [i, { path, file }] of files.slice(0, mostImages).entries()) {
    call.signal.throwIfAborted();
    if (i % 20 === 0) call.report(i / files.length, `reading image ${i + 1} of ${files.length}`);
    try {
      images.push({ pixels: await pixelsOf(file, shape), label: classes.indexOf(classOf(path)) });
    } catch (error) {
      if (!(error instanceof TritbankError)) throw error;
    }
  }
  const order = new Random(1, 'folder').shuffle(Uint32Array.from(images, (_, i) => i));
  const mixed = Array.from(order, (i) => images[i]!);
  const tests = Math.max(1, Math.round(images.length / 6));
  const split = (name: string, some: typeof images) => {
    const pixels = new Uint8Array(some.length * 3 * size * size);
    for (const [i, one] of some.entries()) pixels.set(one.pixels, i * 3 * size * size);
    return new MemorySplit(
      name,
      shape,
      pixels,
      Int32Array.from(some, ({ label }) => label),
      classes.length,
    );
  };
  if (images.length < 40) {
    throw new TritbankError('E_DATA', 'folder', `expected at least 40 images, found ${images.length}`);
  }
  const [train, test] = [split('train', mixed.slice(tests)), split('test', mixed.slice(0, tests))];
  return { name: 'own folders', classes, ...shape, train, test, augment: { flip: true, crop: 2 } };
}

export function readData(request: DataRequest, call: Call): Promise<TrainingData> {
  if (request.kind === 'drawn') return Promise.resolve(drawn(call));
  return request.kind === 'idx' ? idx(request.files) : folder(request, call);
}
