/** `tritbank analyze`: how much each filter of a model suffers from becoming ternary, at several hidden widths. */

import { rmSync } from 'node:fs';
import { basename } from 'node:path';
import type { ImageForm } from '../classifier/index.ts';
import { isRoot, launchOf } from '../cluster/index.ts';
import type { Analysis, AnalyzeOptions } from '../compress/sensitivity.ts';
import type { Lock } from '../files/lock.ts';
import { TritbankError } from '../ir/errors.ts';
import type { Graph } from '../ir/index.ts';
import { listOf, number, text, whole } from '../options/values.ts';
import {
  type CommonOptions,
  commandLine,
  interruptible,
  printResult,
  type TritbankCommand,
  ValueOption,
  version,
} from './command.ts';
import { addImageForm, imageFormFrom } from './image-form.ts';
import { warn } from './output.ts';
import { createProgress } from './progress.ts';
import { ranksOption, withRanks } from './ranks.ts';
import { addCacheOption } from './run-directory.ts';

interface Options extends CommonOptions {
  readonly data?: string;
  readonly dataDir?: string;
  readonly images?: number;
  readonly widthRatios?: readonly number[];
  readonly sparsities?: readonly number[];
  readonly seed?: number;
  readonly threads?: number;
  readonly out?: string;
  readonly report?: string;
  readonly force?: boolean;
  readonly cache?: boolean;
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
        'images to measure on, their labels are not needed: mnist, fashion-mnist, cifar10, cifar100, speech-commands, synthetic, or a ' +
          'directory (default: none, weights alone)',
        text('a name or a directory'),
      ),
    )
    .addOption(new ValueOption('--data-dir <dir>', 'where the files of a named data set are', text('a directory')))
    .addOption(new ValueOption('--images <n>', `images to measure on (default: ${defaultImages})`, count));
  addImageForm(command);
  command
    .optionsGroup('Analysis:')
    .addOption(
      new ValueOption(
        '--width-ratios <list>',
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
    .action((model: string, options: Options) => analyze(model, options, imageFormFrom(command)));
  command.renamed('--ratios <list>', 'widthRatios');
  command
    .optionsGroup('Output:')
    .addOption(new ValueOption('--out <file>', 'write all figures as JSON', text('a file')))
    .addOption(new ValueOption('--report <file>', 'write an HTML page with charts', text('a file')))
    .replacing();
  addCacheOption(command);
  command.common(example);
}

async function analyze(path: string, options: Options, form: ImageForm): Promise<void> {
  const needless = options.images !== undefined ? '--images' : options.dataDir !== undefined ? '--data-dir' : undefined;
  if (needless && options.data === undefined) {
    throw new TritbankError('E_USAGE', needless, 'expected --data with it, found none');
  }
  const [
    { analyzeNetwork },
    { keepAnalyzed },
    { cacheDirectory, openCache },
    { requireCandidates },
    { loadModel },
    { fingerprint },
    { normalizeNetwork },
    { requireInference },
    { freeBatch },
    { adaptInput, closeInputSize },
    { claimOutputs },
    { takeFileLock },
  ] = await Promise.all([
    import('../compress/sensitivity.ts'),
    import('../compress/analysis-progress.ts'),
    import('../compress/analysis-cache.ts'),
    import('../compress/candidates.ts'),
    import('../formats/index.ts'),
    import('../onnx/index.ts'),
    import('../passes/normalize/normalize-network.ts'),
    import('../passes/training-mode.ts'),
    import('../passes/free-batch.ts'),
    import('../classifier/index.ts'),
    import('../files/outputs.ts'),
    import('../files/lock.ts'),
  ]);
  const { quiet = false, widthRatios: ratios, sparsities, seed, threads, out, report, force } = options;
  if ((launchOf()?.rank ?? 0) === 0)
    claimOutputs({ '--out': out, '--report': report }, { force, inputs: [path, options.data, options.dataDir] });
  const graph = normalizeNetwork(adaptInput(await loadModel(path), form, warn));
  freeBatch(graph);
  requireInference(graph);
  requireCandidates(graph);
  if (options.data === undefined) closeInputSize(graph, form.inputSize);
  const measured = await measure(graph, options, form);
  await withRanks(async (ranks) => {
    const isFirst = isRoot(ranks);
    const progress = createProgress({
      label: `analyze ${basename(path)}`,
      total: 100,
      unit: '%',
      quiet: quiet || !isFirst,
    });
    const chosen = {
      ...(ratios && { ratios }),
      ...(sparsities && { sparsities }),
      ...(seed !== undefined && { seed }),
    };
    const layersFile = out === undefined ? undefined : `${out}.layers`;
    const subject = subjectOf(fingerprint(graph), { ...chosen, ...measured.data });
    const cache = options.cache === false ? undefined : cacheDirectory();
    let analysis: Analysis;
    let lock: Lock | undefined;
    try {
      lock = out === undefined || !isFirst ? undefined : takeFileLock(out, commandLine());
      const kept =
        layersFile === undefined || !isFirst ? {} : keepAnalyzed(layersFile, subject, { force: force === true });
      progress.update(0);
      analysis = await interruptible(
        (signal) =>
          analyzeNetwork(graph, {
            ...measured,
            ...chosen,
            ...kept,
            ...ranksOption(ranks),
            ...(cache !== undefined && { cache: openCache(cache) }),
            ...(threads !== undefined && { threads }),
            signal,
            onProgress: (share, layer) => progress.update(Math.round(100 * share), { layer }),
          }),
        () => (layersFile ? 'the same command continues' : 'with --out, the same command would continue'),
      );
      if (!isFirst) return;
      await writeFiles(analysis, path, out, report);
      if (layersFile) rmSync(layersFile, { force: true });
    } finally {
      progress.stop();
      lock?.release();
    }
    const { printAnalysis } = await import('../report/analysis-columns.ts');
    printResult(options, analysis, () => {
      const files = [out && `analysis  ${out}`, report && `report    ${report}`].filter((line) => line);
      return [printAnalysis(analysis), ...(files.length > 0 ? ['', ...files] : [])].join('\n');
    });
  });
}

/** All that a layer's analysis depends on. */
const subjectOf = (network: string, options: object) => ({
  network,
  ...(JSON.parse(JSON.stringify(options)) as object),
});

type Measured = Pick<AnalyzeOptions, 'statistics' | 'data'>;

/** What the images tell about the layers; nothing without `--data`. */
async function measure(graph: Graph, options: Options, form: ImageForm): Promise<Measured> {
  const { data, dataDir, images = defaultImages, seed, quiet = false } = options;
  if (data === undefined) return {};
  const [{ measureLayers }, { openImagesFor }] = await Promise.all([
    import('../compress/index.ts'),
    import('../classifier/index.ts'),
  ]);
  const setting = {
    data,
    ...(dataDir !== undefined && { dataDir }),
    ...form,
  };
  const opened = await openImagesFor(graph, setting, { warn });
  let progress: ReturnType<typeof createProgress> | undefined;
  try {
    return await measureLayers(graph, opened, {
      images,
      ...(seed !== undefined && { seed }),
      onProgress: (done, total, { pass, passes }) => {
        progress ??= createProgress({ label: `measure ${opened.dataset.name}`, total, quiet });
        progress.update(done, passes > 1 ? { pass: `${pass} of ${passes}` } : undefined);
      },
      warn,
    });
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
