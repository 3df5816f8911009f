/** The walk through a network's layers: measure, fit, put in the new order, go on, in the original and in the compressed. */

import { f32, type Graph, type Node, type Tensor } from '../../ir/index.ts';
import { inferShapes, permuteFilters } from '../../passes/index.ts';
import { type FilterBits, findLayers, isBank, type Layer, upTo } from '../../quantize/index.ts';
import { largestMatrix, weightsOf } from '../statistics/inputs.ts';
import { poolBefore } from '../statistics/pooled.ts';
import type { FittedBank } from './bank.ts';
import type { LayerTask, UndampedOptions } from './fit-layer.ts';
import { measureMoments, measurePooled } from './moments.ts';
import type { CalibratedLayer, CalibratedPlan, CalibrateOptions } from './records.ts';
import { LayerSolver } from './solver.ts';
import { Stream } from './stream.ts';

type Measured = Pick<LayerTask, 'evidence' | 'pooled'>;

interface Fitted {
  readonly weights: Float64Array;
  readonly bias: Float64Array;
  readonly layer: CalibratedLayer;
}

export class Calibration {
  readonly layers: CalibratedLayer[] = [];
  readonly banks = new Map<string, FittedBank>();
  readonly compressed: Graph;
  /** With its filters in the same order as those of `compressed`. */
  readonly original: Graph;
  private readonly stream: Stream;
  private readonly solver: LayerSolver;
  /** From the first compressed layer on. */
  private other: Stream | undefined;
  /** Where filters of later layers have come from, where an earlier layer's new order moved them. */
  private readonly moved = new Map<string, readonly number[]>();

  constructor(
    original: Graph,
    chunks: readonly Tensor[],
    private readonly plan: ReadonlyMap<string, CalibratedPlan>,
    private readonly options: CalibrateOptions,
  ) {
    this.original = original;
    this.compressed = original.clone();
    this.stream = Stream.start(original, chunks, options);
    this.solver = new LayerSolver(options.signal);
  }

  async run(): Promise<void> {
    const started = performance.now();
    const all = findLayers(this.original);
    const first = all.findIndex(({ name }) => this.plan.has(name));
    const chosen = all.slice(first).filter((layer) => this.plan.has(layer.name) || this.canRefit(layer));
    const work = chosen.map((layer) => this.workOf(layer));
    const whole = work.reduce((sum, w) => sum + w, 0);
    let before = 0;
    const total = chosen.length;
    const report = (done: number, layer: string, worked: number) => {
      const share = worked / whole;
      const seconds = (performance.now() - started) / 1000;
      this.options.onProgress?.({ share, done, total, layer, seconds, remaining: (seconds * (1 - share)) / share });
    };
    try {
      for (const [i, { node }] of chosen.entries()) {
        // its types and weights may have changed with an earlier layer's order
        const layer = findLayers(this.original).find((l) => l.node === node)!;
        const own = work[i]!;
        const measured = own - this.solvingOf(layer);
        const inLayer = (share: number) => report(i, layer.name, before + measured + share * (own - measured));
        await this.fit(layer, inLayer);
        before += own;
        report(i + 1, layer.name, before);
      }
    } finally {
      await this.solver.close();
    }
  }

  /** Of layers without a bank, in the present order of their filters, which later layers may have changed. */
  get bits(): Map<string, readonly FilterBits[]> {
    const planned = [...this.plan].flatMap(([name, plan]) =>
      plan.method === 'fp' ? [[name, plan.bits!] as const] : [],
    );
    return new Map(planned.map(([name, bits]) => [name, this.moved.get(name)?.map((i) => bits[i]!) ?? bits]));
  }

  private canRefit(layer: Layer): boolean {
    const { kind, node, weight } = layer;
    if (this.options.refitOthers === false || weightsOf(layer) > largestMatrix) return false;
    const isOwn = (index: number) => (node.inputs[index]?.uses.size ?? 1) === 1;
    const isPlain = node.op === 'Conv' || (node.int('transB', 0) === 1 && node.int('transA', 0) === 0);
    const group = node.op === 'Conv' ? node.int('group', 1) : 1;
    const isOne = group === 1 || (kind === 'depthwise' && group === node.output().dims[1]);
    return isOne && isPlain && isOwn(1) && isOwn(2) && weight.dtype === 'float32';
  }

  /** Time, roughly, in steps of some nanoseconds: running and measuring, regression, decomposition. */
  private workOf(layer: Layer): number {
    const { kind, node, filters } = layer;
    const size = weightsOf(layer);
    const positions = node.output().dims.reduce((product, d) => product * d, this.stream.chunks) / filters;
    if (kind === 'depthwise') return 5 * positions * filters * size;
    return positions * (5 * (size + filters) + (size * (size + 3 * filters)) / 20) + this.solvingOf(layer);
  }

  /** Of this, regression and decomposition. */
  private solvingOf(layer: Layer): number {
    if (layer.kind === 'depthwise') return 0;
    const size = weightsOf(layer);
    const plan = this.plan.get(layer.name);
    if (plan?.method === 'fp') return size * size * (5 * size + 2500 + 4 * layer.filters);
    const { fullPrecision = [], hidden = 0 } = plan ?? {};
    const ternary = layer.filters - fullPrecision.length;
    return size * size * (5 * size + 2500) + 200 * ternary * size * hidden;
  }

  private async fit(layer: Layer, onShare: (share: number) => void): Promise<void> {
    const { stream, options, compressed } = this;
    const { node } = layer;
    const pool = this.plan.has(layer.name) ? poolBefore(layer) : undefined;
    await stream.runBefore(pool ?? node);
    this.other ??= stream.fork(compressed);
    const twinOf = ({ name }: Node) => compressed.nodes.find((n) => n.name === name)!;
    const twin = twinOf(node);
    await this.other.runBefore(twinOf(pool ?? node));
    const pooled = pool && (await measurePooled(twinOf(pool), this.other, options));
    await stream.runBefore(node);
    await this.other.runBefore(twin);
    const evidence = await measureMoments(layer, stream, this.other, options);
    options.signal?.throwIfAborted();
    const { weights, bias, layer: report } = await this.solve(layer, { evidence, ...(pooled && { pooled }) }, onShare);
    setWeights(twin, weights, bias);
    this.layers.push(report);
    const bank = this.banks.get(layer.name);
    if (bank) this.reorder(node, twin, [...bank.fullPrecision, ...bank.ternary]);
    await stream.run([node]);
    await this.other.run([twin]);
  }

  private async solve(layer: Layer, measured: Measured, onShare: (share: number) => void): Promise<Fitted> {
    const plan = this.planOf(layer);
    const bits = plan?.method === 'fp' ? plan.bits! : undefined;
    const { name, kind, filters, node, weight } = layer;
    const task: LayerTask = {
      before: Float64Array.from(weight.constant!.data as Float32Array),
      biasBefore: Float64Array.from((node.inputs[2]?.constant?.data ?? []) as Float32Array),
      ...measured,
      ...(plan && isBank(plan) && { bank: { plan, options: this.bankOptions(layer) } }),
      ...(bits && { rounding: { bits, ...(this.options.damping !== undefined && { damping: this.options.damping }) } }),
    };
    const { bank, ridge, errors, weights, bias } = await this.solver.solve(task, this.solvingOf(layer), onShare);
    if (bank) this.banks.set(name, bank);
    const origin = this.moved.get(name);
    const named = bank?.fullPrecision.map((i) => origin?.[i] ?? i).sort((a, b) => a - b);
    const found = named && { fullPrecision: named, hidden: bank!.decomposition.width };
    return { weights, bias, layer: { name, kind, filters, ...found, ridge, errors } };
  }

  private bankOptions({ name, filters }: Layer): UndampedOptions {
    const { damping, rounds = 4, seed = 0, reselect = false, sensitivity } = this.options;
    const given = sensitivity?.get(name);
    const origin = this.moved.get(name);
    const weights = given && weightsOfErrors(Float64Array.from(upTo(filters), (i) => given[origin?.[i] ?? i]!));
    return { ...(damping !== undefined && { damping }), ...(weights && { weights }), rounds, seed, name, reselect };
  }

  /** The plan of a layer, in the present order of its filters; undefined where all stay in full precision. */
  private planOf({ name, filters }: Layer): CalibratedPlan | undefined {
    const plan = this.plan.get(name);
    const origin = this.moved.get(name);
    if (!plan || !origin) return plan;
    if (plan.method === 'fp') return { ...plan, bits: origin.map((i) => plan.bits![i]!) };
    const wanted = new Map(plan.fullPrecision.map((i, k) => [i, plan.bits?.[k]]));
    const fullPrecision = upTo(filters).filter((i) => wanted.has(origin[i]!));
    const bits = plan.bits && { bits: fullPrecision.map((i) => wanted.get(origin[i]!)!) };
    return { ...plan, fullPrecision, ...bits };
  }

  /** The same new order in both networks, so that their activations stay comparable. */
  private reorder(node: Node, twin: Node, order: readonly number[]): void {
    const { moved } = permuteFilters(this.original, node, order);
    permuteFilters(this.compressed, twin, order);
    for (const [name, places] of moved) {
      const before = this.moved.get(name);
      this.moved.set(
        name,
        places.map((i) => before?.[i] ?? i),
      );
    }
    inferShapes(this.original);
    inferShapes(this.compressed);
  }
}

/** Below this part of the mean, sensitivities count as this: a few hundred images do not show all that a filter is for. */
const leastSensitivity = 0.1;

/** Sensitivities relative to their mean; 1 where they say nothing. */
function weightsOfErrors(sensitivity: Float64Array): Float64Array {
  const mean = sensitivity.reduce((sum, s) => sum + s, 0) / sensitivity.length;
  return sensitivity.map((s) => (mean > 0 ? Math.max(s / mean, leastSensitivity) : 1));
}

function setWeights(node: Node, weights: Float64Array, bias: Float64Array): void {
  const weight = node.input(1);
  weight.constant = f32(weight.dims, weights);
  const old = node.inputs[2];
  if (old) old.constant = f32(old.dims, bias);
  else node.setInput(2, node.graph.initializer(`${node.name}_bias`, f32([bias.length], bias)));
}
