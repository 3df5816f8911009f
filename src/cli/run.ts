/** `tritbank run`: classes of images, by the ternary runtime, and how long one takes. */

import type { ImageForm } from '../classifier/image-form.ts';
import { TritbankError } from '../ir/errors.ts';
import { printable } from '../ir/printable.ts';
import { oneOf, text, whole } from '../options/values.ts';
import type { Classification, DeviceKind, ImageClassifier, LayerTime } from '../runtime/node.ts';
import { type CommonOptions, printResult, type TritbankCommand, ValueOption } from './command.ts';
import { addImageForm, imageFormFrom } from './image-form.ts';
import { writeLine } from './output.ts';

interface Options extends CommonOptions {
  readonly topK?: number;
  readonly threads?: number;
  readonly device?: DeviceKind;
  readonly labels?: string;
  readonly profile?: boolean;
}

const example = `tritbank run model.onnx photo.jpg
tritbank run model.onnx images/*.jpg --top-k 1 --json | jq -r '.images[] | [.image, .classes[0].label] | @tsv'`;

export function addRun(program: TritbankCommand): void {
  const command = program.command('run');
  command
    .summary('classify images with the ternary runtime')
    .description(
      'Classify images with the ternary runtime. How pixels are normalised and what the classes are called is read from ' +
        "the model's metadata. An image that cannot be read does not keep the others from being classified; the status is " +
        'then 2.',
    )
    .argument('<MODEL.onnx>', 'a classifier of images, as `tritbank export` or `tritbank train` wrote it, or another')
    .argument('<IMAGE...>', 'JPEG, PNG or WebP files');
  command
    .optionsGroup('Run:')
    .addOption(new ValueOption('--top-k <n>', 'classes per image, best first (default: 5)', whole({ from: 1 })))
    .addOption(new ValueOption('--threads <n>', 'threads per image (default: 1)', whole({ from: 1, to: 64 })))
    .addOption(new ValueOption('--device <name>', 'cpu, webgpu (default: cpu)', oneOf(['cpu', 'webgpu'] as const)))
    .addOption(
      new ValueOption(
        '--labels <file>',
        "names of the classes: lines, JSON, or 'imagenet' (default: the metadata)",
        text('a file, or imagenet'),
      ),
    )
    .action((model: string, images: readonly string[], options: Options) =>
      run(model, images, options, imageFormFrom(command)),
    );
  addImageForm(command);
  command.optionsGroup('Output:').option('--profile', 'add the time of each layer');
  command.common(example);
}

interface ImageResult {
  readonly image: string;
  /** From normalised pixels to scores: decoding is not in it. */
  readonly milliseconds: number;
  readonly classes: readonly Classification[];
}

interface ImageError {
  readonly image: string;
  readonly error: { readonly code: string; readonly message: string };
}

/** From normalised pixels to scores: decoding is not in it. */
interface Latency {
  /** The first run, which meets cold caches and code that is not compiled yet. */
  readonly first: number;
  /** Median of the later ones. */
  readonly median: number;
  readonly runs: number;
}

async function run(model: string, images: readonly string[], options: Options, form: ImageForm): Promise<void> {
  const { openClassifier } = await import('./open-classifier.ts');
  const { topK, threads, device, labels, profile = false } = options;
  const classify = await openClassifier(model, form, {
    profile,
    ...(threads !== undefined && { threads }),
    ...(device !== undefined && { device }),
  });
  try {
    const nameOf = await namesOf(classify, labels);
    const results: (ImageResult | ImageError)[] = [];
    const good: ImageResult[] = [];
    for (const image of images) {
      const result = await classifyOne(classify, image, topK, nameOf);
      if ('classes' in result) good.push(result);
      else reportError(result, options);
      results.push(result);
    }
    const latency = await measureLatency(classify, good);
    const layers = classify.session.profile();
    const result = {
      model,
      memory: classify.session.memory,
      ...(classify.session.adapter && { adapter: classify.session.adapter }),
      latency,
      images: results,
      ...(profile && { profile: layers }),
    };
    // bad input, whatever became of the others
    if (good.length < images.length) process.exitCode = 2;
    if (good.length === 0 && options.json !== true) return;
    const { alignTable } = await import('../report/text-table.ts');
    printResult(options, result, () => {
      const parts = [...good.map(describe), ...(latency ? [describeLatency(latency)] : [])];
      return [...parts, ...(profile ? [describeLayers(layers, alignTable)] : [])].join('\n\n');
    });
  } finally {
    await classify.release();
  }
}

/** What a class is called: by the option, by the metadata, by ImageNet's list where the metadata say that it is. */
async function namesOf({ session }: ImageClassifier, labels: string | undefined): Promise<NameOf> {
  const [{ classesIn }, { readLabels }, { statedImageNet }] = await Promise.all([
    import('../onnx/score-kind.ts'),
    import('../classifier/label-file.ts'),
    import('../classifier/imagenet.ts'),
  ]);
  const count = classesIn(session.outputMetadata[0]?.shape);
  const names = labels === undefined ? statedImageNet(session.metadata, count ?? 0) : readLabels(labels, count);
  return ({ index, label }) => names?.[index] ?? label;
}

type NameOf = (classification: Classification) => string;

async function classifyOne(
  classify: ImageClassifier,
  image: string,
  topK: number | undefined,
  nameOf: NameOf,
): Promise<ImageResult | ImageError> {
  try {
    const found = await classify(image, topK === undefined ? {} : { topK });
    const classes = found.map((classification) => ({ ...classification, label: nameOf(classification) }));
    return { image, milliseconds: classify.session.lastMilliseconds, classes };
  } catch (error) {
    if (!(error instanceof TritbankError) || (error.code !== 'E_FILE' && error.code !== 'E_FORMAT')) throw error;
    return { image, error: { code: error.code, message: error.message } };
  }
}

function reportError({ error }: ImageError, { json }: Options): void {
  if (!json) writeLine(`error ${error.code}: ${error.message}`);
}

/** Enough for a median, and no long wait for a slow network. */
const mostRuns = 15;
const mostMilliseconds = 1000;

/** The first image again and again; undefined without one. */
async function measureLatency(
  classify: ImageClassifier,
  [first, ...others]: readonly ImageResult[],
): Promise<Latency | undefined> {
  if (!first) return undefined;
  const { median } = await import('../bench/median.ts');
  const times = others.map(({ milliseconds }) => milliseconds);
  for (let spent = first.milliseconds; times.length < 2 || (times.length < mostRuns && spent < mostMilliseconds); ) {
    await classify(first.image, { topK: 1 });
    times.push(classify.session.lastMilliseconds);
    spent += times.at(-1)!;
  }
  return { first: first.milliseconds, median: median(times), runs: times.length };
}

function describe({ image, classes }: ImageResult): string {
  const lines = classes.map(
    ({ label, score }) => `${`${(100 * score).toFixed(2)} %`.padStart(9)}  ${printable(label)}`,
  );
  return [printable(image), ...lines].join('\n');
}

const describeLatency = ({ first, median, runs }: Latency) =>
  `${median.toFixed(1)} ms an image, the median of ${runs} runs; the first took ${first.toFixed(1)} ms`;

type AlignTable = typeof import('../report/text-table.ts').alignTable;

function describeLayers(layers: readonly LayerTime[], alignTable: AlignTable): string {
  const total = layers.reduce((sum, { milliseconds }) => sum + milliseconds, 0);
  const time = (milliseconds: number) => milliseconds.toFixed(3);
  const rows = layers.map(({ name, kind, variant, milliseconds }) => [name, kind, variant, time(milliseconds)]);
  return alignTable(['layer', 'operator', 'kernel', 'ms'], rows, ['all', '', '', time(total)]);
}
