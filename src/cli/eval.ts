/** `tritbank eval`: accuracy of an ONNX classifier on the test images of a data set. */

import { basename } from 'node:path';
import type { DataOptions, Evaluation, ImageForm, PairedDifference } from '../classifier/index.ts';
import { isRoot } from '../cluster/index.ts';
import type { Device } from '../engine/index.ts';
import type { Graph } from '../ir/index.ts';
import { printable } from '../ir/printable.ts';
import { oneOf, text, whole } from '../options/values.ts';
import { devices } from '../train/recipe-options.ts';
import { type CommonOptions, printResult, type TritbankCommand, ValueOption } from './command.ts';
import { addImageForm, imageFormFrom } from './image-form.ts';
import { createProgress } from './progress.ts';
import { ranksOption, ranksWarning, withRanks } from './ranks.ts';

interface Options extends CommonOptions {
  readonly data: string;
  readonly dataDir?: string;
  readonly against?: string;
  readonly batchSize?: number;
  readonly samples?: number;
  readonly seed?: number;
  readonly labels?: string;
  readonly confusion?: boolean;
  readonly device?: Device;
  readonly threads?: number;
}

const example = `tritbank eval runs/mobilenet-v1-hybrid/model.onnx --data fashion-mnist
tritbank eval mobilenet.onnx --data imagenet/ --labels index --samples 5000 --json
tritbank eval small/model.onnx --data images/ --against small/control.onnx`;

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
        'mnist, fashion-mnist, cifar10, cifar100, speech-commands, synthetic, or a directory (required)',
        text('a name or a directory'),
      ).makeOptionMandatory(),
    )
    .addOption(new ValueOption('--data-dir <dir>', 'where the files of a named data set are', text('a directory')))
    .addOption(
      new ValueOption(
        '--samples <n>',
        'evaluate on so many test images, of each class in proportion (default: all)',
        count,
      ),
    )
    .addOption(new ValueOption('--seed <n>', 'of the choice of these images (default: 0)', whole({ from: 0 })))
    .addOption(
      new ValueOption(
        '--labels <from>',
        "folders: `folder` numbers the classes in sorted order, `index` by classes.json; or the names of the model's " +
          'classes, to match the folders with: a file of lines or JSON, or `imagenet` (default: the names in the ' +
          'metadata, then classes.json)',
        text('folder, index, imagenet or a file'),
      ),
    )
    .addOption(
      new ValueOption(
        '--against <file>',
        'a second model on the same images, and whether the first differs from it by more than chance',
        text('a file'),
      ),
    );
  addImageForm(command);
  command
    .optionsGroup('Run:')
    .addOption(new ValueOption('--batch-size <n>', 'images per step (default: 100, fewer of large images)', count))
    .addOption(new ValueOption('--device <name>', `${devices.join(', ')} (default: cpu)`, oneOf(devices)))
    .addOption(new ValueOption('--threads <n>', 'threads per operator (default: one a core)', count))
    .action((model: string, options: Options) => evaluate(model, options, imageFormFrom(command)));
  command.optionsGroup('Output:').option('--confusion', 'add the confusion matrix, labels by predictions');
  command.common(example);
}

async function evaluate(model: string, options: Options, form: ImageForm): Promise<void> {
  const [{ compareEvaluations, evaluateModel }, { loadModel }] = await Promise.all([
    import('../classifier/index.ts'),
    import('../formats/index.ts'),
  ]);
  const { data, dataDir, against, batchSize, samples, seed, labels, device, threads, quiet = false } = options;
  await withRanks(async (ranks) => {
    // a second model that cannot be read is said before the first takes its time
    const other = against === undefined ? undefined : await loadModel(against);
    const run = async (network: Graph | string, file: string): Promise<Evaluation> => {
      let progress: ReturnType<typeof createProgress> | undefined;
      const onProgress = (done: number, total: number) => {
        progress ??= createProgress({ label: `eval ${basename(file)}`, total, unit: 'images', quiet });
        progress.update(done);
      };
      try {
        return await evaluateModel(network, {
          ...ranksOption(ranks),
          data,
          onProgress: isRoot(ranks) ? onProgress : () => {},
          warn: ranksWarning(ranks, () => false),
          ...(dataDir !== undefined && { dataDir }),
          ...(batchSize !== undefined && { batchSize }),
          ...(samples !== undefined && { testSamples: samples }),
          ...(seed !== undefined && { testSeed: seed }),
          ...form,
          ...labelling(labels),
          ...(device !== undefined && { device }),
          ...(threads !== undefined && { threads }),
        });
      } finally {
        progress?.stop();
      }
    };
    const evaluation = await run(model, model);
    const second = other && (await run(other, against!));
    if (!isRoot(ranks)) return;
    const beside = second && { file: against!, evaluation: second, paired: compareEvaluations(second, evaluation) };
    const { skipped, imagesPerSecond, classes, confusion } = evaluation;
    const result = {
      ...accuracyOf(evaluation),
      ...{ skipped, imagesPerSecond, model, data },
      ...(beside && { against: { model: beside.file, ...accuracyOf(beside.evaluation), ...beside.paired } }),
    };
    const matrix = { classes, confusion };
    const [words, { printPairs }] = await Promise.all([
      import('../report/accuracy-words.ts'),
      import('../report/text-table.ts'),
    ]);
    printResult(options, options.confusion ? { ...result, ...matrix } : result, () => {
      const compared = beside ? describeBeside(beside, words) : [];
      const text = printPairs([...describe(evaluation, words), ...compared]);
      return options.confusion ? `${text}\n\n${describeConfusion(evaluation)}` : text;
    });
  });
}

const accuracyOf = ({ top1, top5, intervals, loss, samples }: Evaluation) => ({
  ...{ top1, top5, intervals, loss, samples },
});

const isNumbering = (labels: string): labels is 'folder' | 'index' => labels === 'folder' || labels === 'index';

/** How to number the folders, or where the names of the model's classes are. */
function labelling(labels: string | undefined): Pick<DataOptions, 'labels' | 'labelFile'> {
  if (labels === undefined) return {};
  return isNumbering(labels) ? { labels } : { labelFile: labels };
}

type Words = typeof import('../report/accuracy-words.ts');

function describe(
  { top1, top5, intervals, loss, samples, skipped, imagesPerSecond, classes }: Evaluation,
  { printShare }: Words,
): [string, string][] {
  return [
    ['top-1', printShare(top1, intervals.top1)],
    ...(classes.length > 5 ? [['top-5', printShare(top5, intervals.top5)] as [string, string]] : []),
    ['loss', loss.toFixed(4)],
    ['images', `${samples}${skipped > 0 ? ` (${skipped} more did not decode)` : ''}`],
    ['images/s', `${Math.round(imagesPerSecond)}`],
  ];
}

interface Beside {
  readonly file: string;
  readonly evaluation: Evaluation;
  readonly paired: PairedDifference;
}

function describeBeside(
  { evaluation: { top1, intervals }, paired }: Beside,
  { printChange, printDifference, printShare }: Words,
): [string, string][] {
  return [
    ['top-1 of the other', printShare(top1, intervals.top1)],
    ['difference', printDifference(paired)],
    ['change', printChange(paired)],
    ['same prediction', printShare(paired.agreement)],
  ];
}

/** Rows are labels, columns predictions, both in the order of the classes; columns are headed by class numbers. */
function describeConfusion({ classes, confusion }: Evaluation): string {
  const names = classes.map((name, i) => `${i} ${printable(name)}`);
  const first = Math.max(...names.map((name) => name.length), 'label'.length);
  const width = Math.max(...confusion.flat().map((n) => `${n}`.length), `${classes.length - 1}`.length) + 2;
  const line = (head: string, cells: readonly number[]) =>
    head.padEnd(first) + cells.map((cell) => `${cell}`.padStart(width)).join('');
  return [line('label', [...classes.keys()]), ...confusion.map((row, i) => line(names[i]!, row))].join('\n');
}
