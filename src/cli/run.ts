/** `tritbank run`: classes of images, by the ternary runtime. */

import { listOf, number, whole } from '../options/values.ts';
import type { Classification, LayerTime } from '../runtime/node.ts';
import { type CommonOptions, printResult, type TritbankCommand, ValueOption } from './command.ts';

interface Options extends CommonOptions {
  readonly topK?: number;
  readonly threads?: number;
  readonly mean?: readonly number[];
  readonly std?: readonly number[];
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
        "the model's metadata.",
    )
    .argument('<MODEL.onnx>', 'a classifier of images, as `tritbank export` or `tritbank train` wrote it, or another')
    .argument('<IMAGE...>', 'JPEG, PNG or WebP files');
  command
    .optionsGroup('Run:')
    .addOption(new ValueOption('--top-k <n>', 'classes per image, best first (default: 5)', whole({ from: 1 })))
    .addOption(new ValueOption('--threads <n>', 'threads per image (default: 1)', whole({ from: 1, to: 64 })))
    .addOption(
      new ValueOption(
        '--mean <list>',
        'of pixels in 0..255, one number or one per channel (default: the metadata)',
        listOf(number(), 'numbers separated by commas'),
      ),
    )
    .addOption(
      new ValueOption(
        '--std <list>',
        'deviation of pixels, likewise',
        listOf(number({ above: 0 }), 'numbers above 0 separated by commas'),
      ),
    )
    .action(run);
  command.optionsGroup('Output:').option('--profile', 'add the time of each layer');
  command.common(example);
}

interface ImageResult {
  readonly image: string;
  /** From normalised pixels to scores: decoding is not in it. */
  readonly milliseconds: number;
  readonly classes: readonly Classification[];
}

async function run(model: string, images: readonly string[], options: Options): Promise<void> {
  const { pipeline } = await import('../runtime/node.ts');
  const { topK, threads, mean, std, profile = false } = options;
  const classify = await pipeline('image-classification', model, {
    profile,
    ...(threads !== undefined && { threads }),
    ...(mean && { mean }),
    ...(std && { std }),
  });
  try {
    const results: ImageResult[] = [];
    for (const image of images) {
      const classes = await classify(image, topK === undefined ? {} : { topK });
      results.push({ image, milliseconds: classify.session.lastMilliseconds, classes });
    }
    const layers = classify.session.profile();
    const result = { model, memory: classify.session.memory, images: results, ...(profile && { profile: layers }) };
    const { alignTable } = await import('../report/text-table.ts');
    printResult(options, result, () => {
      const text = results.map(describe).join('\n\n');
      return profile ? `${text}\n\n${describeLayers(layers, alignTable)}` : text;
    });
  } finally {
    await classify.release();
  }
}

function describe({ image, milliseconds, classes }: ImageResult): string {
  const lines = classes.map(({ label, score }) => `${`${(100 * score).toFixed(2)} %`.padStart(9)}  ${label}`);
  return [`${image} (${milliseconds.toFixed(1)} ms)`, ...lines].join('\n');
}

type AlignTable = typeof import('../report/text-table.ts').alignTable;

function describeLayers(layers: readonly LayerTime[], alignTable: AlignTable): string {
  const total = layers.reduce((sum, { milliseconds }) => sum + milliseconds, 0);
  const time = (milliseconds: number) => milliseconds.toFixed(3);
  const rows = layers.map(({ name, kind, variant, milliseconds }) => [name, kind, variant, time(milliseconds)]);
  return alignTable(['layer', 'operator', 'kernel', 'ms'], rows, ['all', '', '', time(total)]);
}
