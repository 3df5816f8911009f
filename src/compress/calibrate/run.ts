/** The walk through a network's layers: measure, fit, put in the new order, go on, in the original and in the compressed. */

import { f32, type Graph, type Node, type Tensor } from '../../ir/index.ts';
import { inferShapes, permuteFilters } from '../../passes/index.ts';
import { type BankPlan, findLayers, type Layer, upTo } from '../../quantize/index.ts';
import { type BankOptions, type FittedBank, fitBank } from './bank.ts';
import { type Evidence, type Moments, measureMoments } from './moments.ts';
import type { CalibratedLayer, CalibrateOptions } from './records.ts';
import { bestBias, filterErrors, refit, sumOf } from './refit.ts';
import { Stream } from './stream.ts';

interface Fitted {
  readonly weights: Float64Array;
  readonly bias: Float64Array;
  readonly layer: CalibratedLayer;
}

export class Calibration {
  readonly layers: CalibratedLayer[] = [];
  readonly banks = new Map<string, FittedBank>();
  readonly compressed: Graph;
  private readonly stream: Stream;
  /** From the first compressed layer on. */
  private other: Stream | undefined;
  /** Where filters of later layers have come from, where an earlier layer's new order moved them. */
  private readonly moved = new Map<string, readonly number[]>();

  constructor(
    private readonly original: Graph,
    chunks: readonly Tensor[],
    private readonly plan: ReadonlyMap<string, BankPlan>,
    private readonly options: CalibrateOptions,
  ) {
    this.compressed = original.clone();
    this.stream = Stream.start(original, chunks, options);
  }

  async run(): Promise<void> {
    const started = performance.now();
    const all = findLayers(this.original);
    const first = all.findIndex(({ name }) => this.plan.has(name));
    const chosen = all.slice(first).filter((layer) => this.plan.has(layer.name) || this.canRefit(layer));
    const work = chosen.map((layer) => this.workOf(layer));
    const total = work.reduce((sum, w) => sum + w, 0);
    let worked = 0;
    for (const [i, { node }] of chosen.entries()) {
      // its types and weights may have changed with an earlier layer's order
      const layer = findLayers(this.original).find((l) => l.node === node)!;
      await this.fit(layer);
      worked += work[i]!;
      const seconds = (performance.now() - started) / 1000;
      const remaining = (seconds * (total - worked)) / worked;
      this.options.onProgress?.({ done: i + 1, total: chosen.length, layer: layer.name, seconds, remaining });
    }
  }

  private canRefit({ kind, node, weight }: Layer): boolean {
    if (this.options.refitOthers === false) return false;
    const isOwn = (index: number) => (node.inputs[index]?.uses.size ?? 1) === 1;
    const isPlain = node.op === 'Conv' || (node.int('transB', 0) === 1 && node.int('transA', 0) === 0);
    const group = node.op === 'Conv' ? node.int('group', 1) : 1;
    const isOne = group === 1 || (kind === 'depthwise' && group === node.output().dims[1]);
    return isOne && isPlain && isOwn(1) && isOwn(2) && weight.dtype === 'float32';
  }

  /** Time, roughly, in steps of some nanoseconds: running and measuring, regression, decomposition. */
  private workOf({ name, kind, node, filters, inputs, kernel }: Layer): number {
    const size = inputs * kernel[0] * kernel[1];
    const positions = node.output().dims.reduce((product, d) => product * d, this.stream.chunks) / filters;
    if (kind === 'depthwise') return 5 * positions * filters * size;
    const measuring = positions * (5 * (size + filters) + (size * (size + 3 * filters)) / 20);
    const { fullPrecision = [], hidden = 0 } = this.plan.get(name) ?? {};
    const ternary = filters - fullPrecision.length;
    return measuring + size * size * (5 * size + 2500) + 60 * ternary * size * hidden;
  }

  private async fit(layer: Layer): Promise<void> {
    const { stream, options, compressed } = this;
    const { node } = layer;
    await stream.runBefore(node);
    this.other ??= stream.fork(compressed);
    const twin = compressed.nodes.find((n) => n.name === node.name)!;
    await this.other.runBefore(twin);
    const evidence = await measureMoments(layer, stream, this.other, options);
    options.signal?.throwIfAborted();
    const { weights, bias, layer: report } = this.solve(layer, evidence);
    setWeights(twin, weights, bias);
    this.layers.push(report);
    const bank = this.banks.get(layer.name);
    if (bank) this.reorder(node, twin, [...bank.fullPrecision, ...bank.ternary]);
    await stream.run([node]);
    await this.other.run([twin]);
  }

  private solve(layer: Layer, evidence: readonly Evidence[]): Fitted {
    const plan = this.planOf(layer);
    const before = Float64Array.from(layer.weight.constant!.data as Float32Array);
    const biasBefore = Float64Array.from((layer.node.inputs[2]?.constant?.data ?? []) as Float32Array);
    const refits = evidence.map((one, i) => {
      const { filters, inputs } = one.all;
      return refit(before.subarray(i * filters * inputs, (i + 1) * filters * inputs), one);
    });
    const fitted = join(refits.map(({ weights }) => weights));
    const bank = plan && fitBank(fitted, evidence[0]!.all, plan, this.bankOptions(layer));
    if (bank) this.banks.set(layer.name, bank);
    const weights = bank?.weights ?? fitted;
    const variance = evidence.reduce((sum, { all }) => sum + sumOf(all.variance), 0);
    const part = (error: number) => (variance > 0 ? error / variance : 0);
    const errorOf = (values: Float64Array) => part(sumOver(values, evidence, (w, m) => sumOf(filterErrors(w, m))));
    const shift = sumOver(before, evidence, (w, m, at) => {
      return sumOf(bestBias(w, m).map((b, i) => (b - (biasBefore[at + i] ?? 0)) ** 2));
    });
    const origin = this.moved.get(layer.name);
    const named = bank?.fullPrecision.map((i) => origin?.[i] ?? i).sort((a, b) => a - b);
    const report: CalibratedLayer = {
      name: layer.name,
      kind: layer.kind,
      filters: layer.filters,
      ...(named && { fullPrecision: named, hidden: bank!.decomposition.width }),
      ridge: refits.reduce((sum, { strength }) => sum + strength / refits.length, 0),
      errors: {
        inherited: errorOf(before) + part(shift),
        refitted: errorOf(fitted),
        ...(bank && { decomposed: part(bank.decomposedError) }),
        final: errorOf(weights),
      },
    };
    const biases = evidence.map(({ all }, i) => bestBias(slice(weights, all, i), all));
    return { weights, bias: join(biases), layer: report };
  }

  private bankOptions({ name }: Layer): BankOptions {
    const { damping = 0.01, rounds = 4, seed = 0, reselect = false } = this.options;
    return { damping, rounds, seed, name, reselect };
  }

  /** The plan of a layer, in the present order of its filters; undefined where all stay in full precision. */
  private planOf({ name, filters }: Layer): BankPlan | undefined {
    const plan = this.plan.get(name);
    const origin = this.moved.get(name);
    if (!plan || !origin) return plan;
    const wanted = new Set(plan.fullPrecision);
    return { ...plan, fullPrecision: upTo(filters).filter((i) => wanted.has(origin[i]!)) };
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

const slice = (values: Float64Array, { filters, inputs }: Moments, index: number) =>
  values.subarray(index * filters * inputs, (index + 1) * filters * inputs);

function sumOver(
  values: Float64Array,
  evidence: readonly Evidence[],
  f: (part: Float64Array, moments: Moments, firstFilter: number) => number,
): number {
  return evidence.reduce((sum, { all }, i) => sum + f(slice(values, all, i), all, i * all.filters), 0);
}

function join(parts: readonly Float64Array[]): Float64Array {
  const result = new Float64Array(parts.reduce((n, part) => n + part.length, 0));
  let at = 0;
  for (const part of parts) {
    result.set(part, at);
    at += part.length;
  }
  return result;
}

function setWeights(node: Node, weights: Float64Array, bias: Float64Array): void {
  const weight = node.input(1);
  weight.constant = f32(weight.dims, weights);
  const old = node.inputs[2];
  if (old) old.constant = f32(old.dims, bias);
  else node.setInput(2, node.graph.initializer(`${node.name}_bias`, f32([bias.length], bias)));
}
