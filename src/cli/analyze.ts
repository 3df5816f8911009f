/** `tritbank analyze`: how much each filter of a model suffers from becoming ternary, at several hidden widths. */

import { basename } from 'node:path';
import type { Analysis, AnalyzeOptions } from '../compress/sensitivity.ts';
import { TritbankError } from '../ir/errors.ts';
import type { Graph } from '../ir/index.ts';
import { type CommonOptions, commandLine, printResult, type TritbankCommand, ValueOption, version } from './command.ts';
import { createProgress } from './progress.ts';
import { listOf, number, text, whole } from './values.ts';

interface Options extends CommonOptions {
  readonly data?: string;
  readonly dataDir?: string;
  readonly images?: number;
  readonly ratios?: readonly number[];
  readonly sparsities?: readonly number[];
  readonly seed?: number;
  readonly threads?: number;
  readonly out?: string;
  readonly report?: string;
}

const example = `tritbank analyze mobilenet.onnx
tritbank analyze mobilenet.onnx --data imagenet/ --images 512 --out analysis.json --report analysis.html`;

const defaultImages = 256;

export function addAnalyze(program: TritbankCommand): void {
  const command = program.command('analyze');
  const count = whole({ from: 1 });
  command
    .summary('how much each filter of an ONNX model suffers from becoming ternary')
    .description(
      'Decompose each layer of a trained ONNX model into ternary factors at several hidden widths, without training: what ' +
        'is left of each filter, and with --data what that does to the loss. docs/compress.md explains it.',
    )
    .argument('<MODEL.onnx>', 'a classifier in float32');
  command
    .optionsGroup('Data:')
    .addOption(
      new ValueOption(
        '--data <name|dir>',
        'images to measure on, their labels are not needed: mnist, fashion-mnist, cifar10, cifar100, synthetic, or a ' +
          'directory (default: none, weights alone)',
        text('a name or a directory'),
      ),
    )
    .addOption(new ValueOption('--data-dir <dir>', 'where the files of a named data set are', text('a directory')))
    .addOption(new ValueOption('--images <n>', `images to measure on (default: ${defaultImages})`, count))
    .optionsGroup('Analysis:')
    .addOption(
      new ValueOption(
        '--ratios <list>',
        'hidden units per filter (default: 0.25,0.5,0.75,1,1.25,1.5,2)',
        listOf(number({ above: 0, to: 8 }), 'numbers above 0 and at most 8, separated by commas'),
      ),
    )
    .addOption(
      new ValueOption(
        '--sparsities <list>',
        'decompositions with fewer non-zeros to look at besides, for arrays that skip zeros (default: none)',
        listOf(number({ from: 0, to: 100 }), 'numbers from 0 to 100, separated by commas'),
      ),
    )
    .addOption(
      new ValueOption('--seed <n>', 'of random starts and of the choice of images (default: 0)', whole({ from: 0 })),
    )
    .addOption(new ValueOption('--threads <n>', 'layers at a time (default: one a core)', count))
    .action(analyze);
  command
    .optionsGroup('Output:')
    .addOption(new ValueOption('--out <file>', 'write all figures as JSON', text('a file')))
    .addOption(new ValueOption('--report <file>', 'write an HTML page with charts', text('a file')));
  command.common(example);
}

async function analyze(path: string, options: Options): Promise<void> {
  const needless = options.images !== undefined ? '--images' : options.dataDir !== undefined ? '--data-dir' : undefined;
  if (needless && options.data === undefined) {
    throw new TritbankError('E_USAGE', needless, 'expected --data with it, found none');
  }
  const [{ analyzeNetwork }, { requireCandidates }, { loadModel }, { normalizeNetwork }] = await Promise.all([
    import('../compress/sensitivity.ts'),
    import('../compress/candidates.ts'),
    import('../onnx/index.ts'),
    import('../passes/normalize/normalize-network.ts'),
  ]);
  const graph = normalizeNetwork(await loadModel(path));
  requireCandidates(graph);
  const { quiet = false, ratios, sparsities, seed, threads, out, report } = options;
  const measured = await measure(graph, options);
  const progress = createProgress({ label: `analyze ${basename(path)}`, total: 100, unit: '%', quiet });
  let analysis: Analysis;
  try {
    progress.update(0);
    analysis = await analyzeNetwork(graph, {
      ...measured,
      ...(ratios && { ratios }),
      ...(sparsities && { sparsities }),
      ...(seed !== undefined && { seed }),
      ...(threads !== undefined && { threads }),
      onProgress: (share, layer) => progress.update(Math.round(100 * share), { layer }),
    });
  } finally {
    progress.stop();
  }
  await writeFiles(analysis, path, out, report);
  const { printAnalysis } = await import('../report/analysis-columns.ts');
  printResult(options, analysis, () => {
    const files = [out && `analysis  ${out}`, report && `report    ${report}`].filter((line) => line);
    return [printAnalysis(analysis), ...(files.length > 0 ? ['', ...files] : [])].join('\n');
  });
}

type Measured = Pick<AnalyzeOptions, 'statistics' | 'data'>;

/** What the images of the training part tell about the layers; nothing without `--data`. */
async function measure(graph: Graph, { data, dataDir, images, seed, quiet = false }: Options): Promise<Measured> {
  if (data === undefined) return {};
  const [{ collectStatistics }, { openDataset, statistics: pixelStatistics }, train] = await Promise.all([
    import('../compress/statistics/statistics.ts'),
    import('../data/index.ts'),
    import('../train/fine-tune-data.ts'),
  ]);
  const { readNormalisation } = await import('../train/pixels.ts');
  const { channels, size } = train.imageInputOf(graph);
  const warn = (line: string) => void process.stderr.write(`warning: ${line}\n`);
  const dataset = await openDataset(data, {
    channels,
    ...(size !== undefined && { imageSize: size }),
    ...(dataDir !== undefined && { dir: dataDir }),
    warn,
  });
  const split = dataset.train.length > 0 ? dataset.train : dataset.test;
  const normalisation = readNormalisation(graph, channels) ?? (await pixelStatistics(dataset));
  const count = Math.min(images ?? defaultImages, split.length);
  let progress: ReturnType<typeof createProgress> | undefined;
  try {
    const statistics = await collectStatistics(graph, split, {
      images: count,
      normalisation,
      ...(seed !== undefined && { seed }),
      onProgress: (done, total) => {
        progress ??= createProgress({ label: `measure ${dataset.name}`, total, quiet });
        progress.update(done);
      },
      warn,
    });
    return { statistics, data: { name: dataset.name, images: count } };
  } finally {
    progress?.stop();
  }
}

async function writeFiles(analysis: Analysis, model: string, out?: string, report?: string): Promise<void> {
  const { writeFileAtomic } = await import('../files/index.ts');
  if (out !== undefined) {
    const { formatAnalysis } = await import('../compress/analysis-file.ts');
    writeFileAtomic(out, formatAnalysis(analysis));
  }
  if (report === undefined) return;
  const { renderAnalysisReport } = await import('../report/index.ts');
  const title = `Sensitivity of ${basename(model)}`;
  const facts = { title, generatedBy: `tritbank ${version}`, command: commandLine(), date: new Date().toISOString() };
  writeFileAtomic(report, await renderAnalysisReport({ ...facts, analysis }));
}
