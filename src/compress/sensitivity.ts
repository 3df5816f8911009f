/**
 * How much each filter of a network suffers from becoming ternary, without training. Every layer that can be compressed is
 * decomposed (`decompose.ts`; Kolda & O'Leary, 1998; a large one in blocks, `analysis-tasks.ts`) at several hidden widths, which gives for each filter f
 * and width ratio c
 *
 *   residual[c][f] = e_f C e_f' / (w_f C w_f')      e_f: the error of its weights w_f; C: the inputs' covariance, or 1
 *
 * "Filters respond differently to ternary quantization at different hidden widths" (Gope et al., arXiv 1911.01028) is a
 * row of this table. Sparser decompositions have tables of their own, and filters in 4 bits (`round-filters.ts`) a row.
 * What a residual of f does to the loss is
 * `importance[f]` times the residual (`importance.ts`):
 *
 * - With statistics of data, 1/2 s_f w_f C w_f' nats per image, by the second-order expansion of `predict.ts`.
 *   Biases are taken to make up for the mean errors of the outputs, as compression sees to.
 * - Without, there is no loss to predict. Then importance[f] = |w_f|^2 / |W|^2, so that a layer's sum is its noise-to-signal
 *   ratio for white inputs; noise-to-signal ratios of layers in sequence add up as long as they are small. Good for the
 *   order of filters within a layer; between layers a rough guide.
 *
 * Left out: what the compression of one layer does to the inputs of the next.
 */

import { type Communicator, fromRoot } from '../cluster/index.ts';
import { type Graph, TritbankError } from '../ir/index.ts';
import { fanIn, type Layer, type LayerKind } from '../quantize/index.ts';
import { takeTurn } from '../threads/turn.ts';
import type { FitsCache } from './analysis-cache.ts';
import { bankTasks, type Fits, fitsOf, joinFits, shorten } from './analysis-tasks.ts';
import { requireCandidates } from './candidates.ts';
import { decomposeLayers, type LayerWeights } from './decompose/parallel.ts';
import { importanceOf, statisticsOf } from './importance.ts';
import { roundedResiduals } from './rounded-residuals.ts';
import type { LayerStatistics } from './statistics/options.ts';
import { shrinkStatistics } from './statistics/shrinkage.ts';

export interface AnalyzedLayer {
  readonly name: string;
  readonly kind: LayerKind;
  readonly filters: number;
  /** Weights of a filter: input channels x kernel height x kernel width. */
  readonly inputs: number;
  /** Hidden units at each ratio: ratio x filters; in a classifier ratio x the lesser of filters and inputs. At least 1. */
  readonly widths: readonly number[];
  /** Relative squared error of each filter at each ratio, `[ratio][filter]`: 0 exact, 1 nothing. */
  readonly residuals: readonly (readonly number[])[];
  /** Relative squared error of each filter in 4 bits. Absent in analyses of earlier releases. */
  readonly rounded?: readonly number[];
  /** Predicted loss of each filter per unit of its residual. */
  readonly importance: readonly number[];
  /** Weights of Wb and Wc that are not zero, at each ratio. */
  readonly nonZero: readonly number[];
  /**
   * What rounding to 8 bits of one hidden unit adds to a filter's output, on average, at each ratio, relative to the output's
   * variance. Absent without data, and in analyses of earlier releases.
   */
  readonly relativeNoise?: readonly number[];
  /** The same of sparser decompositions, by ascending sparsity. */
  readonly sparser?: readonly SparserFit[];
}

/** What a sparser decomposition leaves of a layer's filters. */
export interface SparserFit extends Pick<AnalyzedLayer, 'residuals' | 'nonZero' | 'relativeNoise'> {
  /** As in `DecomposeOptions`, above 0. */
  readonly sparsity: number;
}

/** The data that an analysis is based on. */
export interface AnalysisData {
  readonly name: string;
  readonly images: number;
}

/** Plain JSON. Numbers have six digits, so that an analysis is the same in memory and in its file. */
export interface Analysis {
  readonly version: 1;
  /** Name of the model's graph. */
  readonly model: string;
  /** Null where weights alone were looked at. */
  readonly data: AnalysisData | null;
  /** What predicted losses are: increase of the cross-entropy in nats, or a layer's noise-to-signal ratio. */
  readonly lossUnit: 'nats' | 'noise';
  /** Hidden units per filter, ascending. */
  readonly ratios: readonly number[];
  /** Of the decompositions. */
  readonly seed: number;
  /** In execution order. */
  readonly layers: readonly AnalyzedLayer[];
  /** Wall time. */
  readonly seconds: number;
}

export interface AnalyzeOptions {
  /** Width ratios above 0, at most 8. Default: 0.25, 0.5, 0.75, 1, 1.25, 1.5, 2. */
  readonly ratios?: readonly number[];
  /** Sparsities of decompositions, as in `DecomposeOptions`, besides 0. Default: none. */
  readonly sparsities?: readonly number[];
  /** By layer name; for all candidates or none. With `data`, what they were measured on. */
  readonly statistics?: ReadonlyMap<string, LayerStatistics>;
  readonly data?: AnalysisData;
  /** Default 0. */
  readonly seed?: number;
  /** As in `decomposeLayers`. */
  readonly threads?: number;
  /** Layers of an earlier analysis with the same options, which was stopped: they are not analysed again. */
  readonly finished?: readonly AnalyzedLayer[];
  /** What earlier analyses, of any network, found of the same weights with the same options. */
  readonly cache?: FitsCache;
  /** Receives each layer as soon as it is analysed. */
  readonly onLayer?: (layer: AnalyzedLayer) => void;
  /** After each decomposition: the share of the work that is done, 0..1, and the layer that it is of. */
  readonly onProgress?: (share: number, name: string) => void;
  readonly signal?: AbortSignal;
  /** Ranks that decompose a part of the banks each; all of them get the whole analysis. */
  readonly ranks?: Communicator;
}

export const defaultRatios = [0.25, 0.5, 0.75, 1, 1.25, 1.5, 2] as const;
/** What the planner chooses from where zeros are skipped, besides 0. */
export const defaultSparsities = [1, 4, 10] as const;
const maxRatio = 8;
const maxSparsity = 100;

/**
 * Analyses a network that `normalizeNetwork` has been through; `graph` is not changed. The result depends on graph,
 * ratios, statistics and seed only (but for `seconds`). Rejects with E_MODEL without candidates or with weights that
 * are not finite, E_USAGE for ratios out of range and for statistics of another network.
 *
 * @example
 * import { analyzeNetwork, loadModel, normalizeNetwork } from 'tritbank';
 *
 * const graph = normalizeNetwork(await loadModel('mobilenet.onnx'));
 * const { layers } = await analyzeNetwork(graph, { ratios: [0.5, 1], threads: 1 });
 * for (const { name, residuals } of layers) console.log(name, 'at r = T / 2:', residuals[0]);
 */
export async function analyzeNetwork(graph: Graph, options: AnalyzeOptions = {}): Promise<Analysis> {
  const { statistics, data, seed = 0, threads, cache, onProgress, signal } = options;
  const ratios = checkRatios(options.ratios ?? defaultRatios);
  const started = performance.now();
  const layers = requireCandidates(graph);
  const known = layers.map((layer) => statistics && shrinkStatistics(statisticsOf(statistics, layer)));
  const sparsities = [0, ...checkSparsities(options.sparsities ?? [])];
  const hasLoss = known.length > 0 && known.every((one) => one?.sensitivity !== undefined);
  const facts: Facts[] = [];
  for (const [i, layer] of layers.entries()) {
    await takeTurn(signal);
    facts.push(describeLayer(layer, widthsOf(layer, ratios), known[i], hasLoss));
  }
  const jobs = layers.map((layer, i) => {
    const { widths } = facts[i]!;
    const tasks = sparsities.map((sparsity) => bankTasks(layer, { widths, statistics: known[i], seed, sparsity }));
    return new LayerJob(tasks, facts[i]!, sparsities, known[i] !== undefined);
  });
  for (const layer of options.finished ?? []) jobs.find(({ facts }) => facts.name === layer.name)?.take(layer);
  const jobOf = new Map(jobs.flatMap((job) => job.tasks.flat().map((task) => [task.name, { job, task }] as const)));
  const { ranks } = options;
  const places = new Map([...jobOf.keys()].map((name, i) => [name, i]));
  const isMine = ({ name }: LayerWeights) => !ranks || places.get(name)! % ranks.size === ranks.rank;
  const found = new Map<string, Fits>();
  const open = jobs
    .filter((job) => !job.result)
    .flatMap((job) =>
      job.tasks.flat().filter((task) => {
        const known = cache?.get(task);
        if (known && isMine(task)) found.set(task.name, known);
        if (known && job.add(task.name, known)) options.onLayer?.(job.result!);
        return !known;
      }),
    );
  const mine = open.filter(isMine);
  const work = new Map(mine.map((task) => [task.name, task.filters * task.inputs * task.options.width] as const));
  const total = [...work.values()].reduce((sum, one) => sum + one, 0);
  let done = 0;
  await decomposeLayers(mine, {
    ...(threads !== undefined && { threads }),
    ...(signal && { signal }),
    onProgress: (_done, _total, name, decomposition) => {
      const { job, task } = jobOf.get(name)!;
      const fits = fitsOf(task, decomposition);
      found.set(name, fits);
      cache?.put(task, fits);
      if (job.add(name, fits)) options.onLayer?.(job.result!);
      done += work.get(name)!;
      onProgress?.(done / total, job.facts.name);
    },
  });
  for (const [name, fits] of ranks ? await gatherFits(ranks, found) : []) {
    const { job } = jobOf.get(name)!;
    if (!job.result && job.add(name, fits)) options.onLayer?.(job.result!);
  }
  cache?.prune();
  const results = jobs.map((job) => job.result!);
  return {
    version: 1,
    model: graph.name,
    data: data ?? null,
    lossUnit: hasLoss ? 'nats' : 'noise',
    ratios,
    seed,
    layers: ranks ? await shared(ranks, results) : results,
    seconds: shorten((performance.now() - started) / 1000),
  };
}

/** What is known of a layer before any decomposition. */
type Facts = Omit<AnalyzedLayer, 'residuals' | 'nonZero' | 'relativeNoise'>;

const isSameFacts = (a: Facts, b: Facts) =>
  (['name', 'kind', 'filters', 'inputs', 'widths', 'rounded', 'importance'] satisfies (keyof Facts)[]).every(
    (key) => String(a[key]) === String(b[key]),
  );

/** What all ranks found, by task. */
async function gatherFits(ranks: Communicator, found: ReadonlyMap<string, Fits>): Promise<[string, Fits][]> {
  const parts = await ranks.gather(Buffer.from(JSON.stringify([...found])), { patient: true });
  return parts.flatMap((part) => JSON.parse(Buffer.from(part).toString()) as [string, Fits][]);
}

/** The layers of rank 0, which knows those of an earlier analysis too. */
async function shared(ranks: Communicator, layers: readonly AnalyzedLayer[]): Promise<AnalyzedLayer[]> {
  const bytes = await fromRoot(ranks, () => Buffer.from(JSON.stringify(layers)));
  return JSON.parse(Buffer.from(bytes!).toString()) as AnalyzedLayer[];
}

/** One layer's decompositions, for each sparsity those of its blocks, and what they say together once they are all there. */
class LayerJob {
  result: AnalyzedLayer | undefined;
  private readonly fits = new Map<string, Fits>();

  constructor(
    readonly tasks: readonly (readonly LayerWeights[])[],
    readonly facts: Facts,
    private readonly sparsities: readonly number[],
    /** By statistics of images, which tell what rounding does. */
    private readonly isMeasured: boolean,
  ) {}

  /** What an earlier analysis found, unless it looked at something else. */
  take(layer: AnalyzedLayer): void {
    const { residuals: _, nonZero: _nonZero, relativeNoise, sparser = [], ...facts } = layer;
    const isSame =
      (relativeNoise !== undefined) === this.isMeasured &&
      isSameFacts(facts, this.facts) &&
      sparser.length === this.sparsities.length - 1;
    if (isSame) this.result = layer;
  }

  /** True when nothing is missing any more. */
  add(name: string, fits: Fits): boolean {
    this.fits.set(name, fits);
    if (this.fits.size < this.tasks.flat().length) return false;
    const [plain, ...sparser] = this.tasks.map((blocks) => {
      const { relativeNoise, ...fits } = joinFits(blocks.map((task) => this.fits.get(task.name)!));
      return { ...fits, ...(this.isMeasured && { relativeNoise }) };
    });
    this.result = {
      ...this.facts,
      ...plain!,
      ...(sparser.length > 0 && {
        sparser: sparser.map((fits, k) => ({ sparsity: this.sparsities[k + 1]!, ...fits })),
      }),
    };
    return true;
  }
}

/** Ascending, each once. */
export function checkRatios(ratios: readonly number[]): number[] {
  const odd = ratios.find((ratio) => !(ratio > 0 && ratio <= maxRatio));
  if (ratios.length === 0 || odd !== undefined) {
    const expected = `expected width ratios above 0 and at most ${maxRatio}`;
    throw new TritbankError('E_USAGE', 'ratios', `${expected}, found ${odd ?? 'none'}`);
  }
  return [...new Set(ratios)].sort((a, b) => a - b);
}

/** Those above 0, ascending, each once. */
function checkSparsities(sparsities: readonly number[]): number[] {
  const odd = sparsities.find((sparsity) => !(sparsity >= 0 && sparsity <= maxSparsity));
  if (odd !== undefined) {
    const expected = `expected numbers from 0 to ${maxSparsity}`;
    throw new TritbankError('E_USAGE', 'sparsities', `${expected}, found ${odd}`);
  }
  return [...new Set(sparsities)].filter((sparsity) => sparsity > 0).sort((a, b) => a - b);
}

/** The number of filters that ratios are multiples of: a classifier has no use for more hidden units than its inputs. */
export function ratioBase({ kind, filters, inputs }: Pick<AnalyzedLayer, 'kind' | 'filters' | 'inputs'>): number {
  return kind === 'classifier' ? Math.min(filters, inputs) : filters;
}

/** Hidden units at each ratio. */
function widthsOf(layer: Layer, ratios: readonly number[]): number[] {
  const base = ratioBase({ kind: layer.kind, filters: layer.filters, inputs: fanIn(layer) });
  return ratios.map((ratio) => Math.max(1, Math.round(ratio * base)));
}

function describeLayer(
  layer: Layer,
  widths: readonly number[],
  statistics: LayerStatistics | undefined,
  hasLoss: boolean,
): Facts {
  const importance = importanceOf(layer, statistics, hasLoss).map(shorten);
  const rounded = roundedResiduals(layer, statistics).map(shorten);
  const { name, kind, filters } = layer;
  return { name, kind, filters, inputs: fanIn(layer), widths, rounded, importance };
}
