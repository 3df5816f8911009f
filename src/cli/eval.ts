/** `tritbank eval`: accuracy of an ONNX classifier on the test images of a data set. */

import { basename } from 'node:path';
import type { Evaluation } from '../classifier/index.ts';
import type { Device } from '../engine/index.ts';
import { oneOf, text, whole } from '../options/values.ts';
import { devices } from '../train/recipe-options.ts';
import { type CommonOptions, printResult, type TritbankCommand, ValueOption } from './command.ts';
import { warn } from './output.ts';
import { createProgress } from './progress.ts';

interface Options extends CommonOptions {
  readonly data: string;
  readonly dataDir?: string;
  readonly batchSize?: number;
  readonly samples?: number;
  readonly labels?: 'folder' | 'index';
  readonly inputSize?: number;
  readonly confusion?: boolean;
  readonly device?: Device;
  readonly threads?: number;
}

const example = `tritbank eval runs/mobilenet-v1-hybrid/model.onnx --data fashion-mnist
tritbank eval mobilenet.onnx --data imagenet/ --labels index --samples 5000 --json`;

export function addEval(program: TritbankCommand): void {
  const command = program.command('eval');
  const count = whole({ from: 1 });
  command
    .summary('accuracy of an ONNX model on a data set')
    .description('Measure the accuracy of an ONNX classifier on the test images of a data set.')
    .argument('<MODEL.onnx>', 'model with one image input and one row of class scores per image');
  command
    .optionsGroup('Data:')
    .addOption(
      new ValueOption(
        '--data <name|dir>',
        'mnist, fashion-mnist, cifar10, cifar100, synthetic, or a directory (required)',
        text('a name or a directory'),
      ).makeOptionMandatory(),
    )
    .addOption(new ValueOption('--data-dir <dir>', 'where the files of a named data set are', text('a directory')))
    .addOption(new ValueOption('--samples <n>', 'evaluate on so many test images, evenly spread (default: all)', count))
    .addOption(
      new ValueOption(
        '--labels <from>',
        'folders: number the classes by sorted folder, or by the index in classes.json (default: index where that file is)',
        oneOf(['folder', 'index']),
      ),
    )
    .addOption(new ValueOption('--input-size <px>', 'height and width, for models that leave them open', count))
    .optionsGroup('Run:')
    .addOption(new ValueOption('--batch-size <n>', 'images per step (default: 100, fewer of large images)', count))
    .addOption(new ValueOption('--device <name>', `${devices.join(', ')} (default: cpu)`, oneOf(devices)))
    .addOption(new ValueOption('--threads <n>', 'threads per operator (default: one a core)', count))
    .action(evaluate);
  command.optionsGroup('Output:').option('--confusion', 'add the confusion matrix, labels by predictions');
  command.common(example);
}

async function evaluate(model: string, options: Options): Promise<void> {
  const { evaluateModel } = await import('../classifier/index.ts');
  const { data, dataDir, batchSize, samples, labels, inputSize, device, threads, quiet = false } = options;
  let progress: ReturnType<typeof createProgress> | undefined;
  const onProgress = (done: number, total: number) => {
    progress ??= createProgress({ label: `eval ${basename(model)}`, total, unit: 'images', quiet });
    progress.update(done);
  };
  let evaluation: Evaluation;
  try {
    evaluation = await evaluateModel(model, {
      data,
      onProgress,
      warn,
      ...(dataDir !== undefined && { dataDir }),
      ...(batchSize !== undefined && { batchSize }),
      ...(samples !== undefined && { testSamples: samples }),
      ...(inputSize !== undefined && { inputSize }),
      ...(labels !== undefined && { labels }),
      ...(device !== undefined && { device }),
      ...(threads !== undefined && { threads }),
    });
  } finally {
    progress?.stop();
  }
  const { top1, top5, loss, skipped, imagesPerSecond, classes, confusion } = evaluation;
  const result = { top1, top5, loss, samples: evaluation.samples, skipped, imagesPerSecond, model, data };
  const matrix = { classes, confusion };
  printResult(options, options.confusion ? { ...result, ...matrix } : result, () => {
    const text = describe(evaluation);
    return options.confusion ? `${text}\n\n${describeConfusion(evaluation)}` : text;
  });
}

function describe({ top1, top5, loss, samples, skipped, imagesPerSecond, classes }: Evaluation): string {
  const percent = (share: number) => `${(100 * share).toFixed(2)} %`;
  return [
    `top-1     ${percent(top1)}`,
    ...(classes.length > 5 ? [`top-5     ${percent(top5)}`] : []),
    `loss      ${loss.toFixed(4)}`,
    `images    ${samples}${skipped > 0 ? ` (${skipped} more did not decode)` : ''}`,
    `images/s  ${Math.round(imagesPerSecond)}`,
  ].join('\n');
}

/** Rows are labels, columns predictions, both in the order of the classes; columns are headed by class numbers. */
function describeConfusion({ classes, confusion }: Evaluation): string {
  const names = classes.map((name, i) => `${i} ${name}`);
  const first = Math.max(...names.map((name) => name.length), 'label'.length);
  const width = Math.max(...confusion.flat().map((n) => `${n}`.length), `${classes.length - 1}`.length) + 2;
  const line = (head: string, cells: readonly number[]) =>
    head.padEnd(first) + cells.map((cell) => `${cell}`.padStart(width)).join('');
  return [line('label', [...classes.keys()]), ...confusion.map((row, i) => line(names[i]!, row))].join('\n');
}
