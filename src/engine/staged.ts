/**
 * A graph that is spread over ranks: its stages (`passes/cut-stages.ts`) as sessions, with sums over all ranks between
 * them. What goes from stage to stage stays in buffers that are made once, which stages write to and read from.
 */

import type * as Ort from 'onnxruntime-node';
import type { Communicator, Pending } from '../cluster/index.ts';
import {
  allocate,
  elementCount,
  type Graph,
  type NumericDType,
  type Tensor,
  TritbankError,
  type Value,
} from '../ir/index.ts';
import { cutStages, type Stage } from '../passes/index.ts';
import { type CompileOptions, createSession, toOrt } from './session.ts';

/** What a program needs of a session. */
export interface Runner {
  run(
    inputs: Record<string, Ort.Tensor>,
    fetches: Record<string, Ort.Tensor | null>,
  ): Promise<Record<string, Ort.Tensor>>;
  release(): Promise<void>;
}

const emptyTensor = ({ dtype, dims }: Value): Tensor => ({
  dtype,
  dims,
  data: allocate(dtype as NumericDType, elementCount(dims)),
});

/** Milliseconds of each stage, by its index. */
type OnStage = (index: number, milliseconds: number) => void;

export interface StageOptions extends CompileOptions {
  readonly onStage?: OnStage;
}

interface Compiled extends Stage {
  readonly session: Ort.InferenceSession;
}

/** Compiles the stages of `graph`. On the CPU only; throws what `createSession` throws. */
export async function createStages(
  graph: Graph,
  ranks: Communicator,
  { onStage, ...options }: StageOptions,
): Promise<{ ort: typeof Ort; session: Runner }> {
  const { device = 'cpu' } = options;
  if (device !== 'cpu') {
    const found = `found ${device}, which has one rank's step in one graph`;
    throw new TritbankError('E_USAGE', '--device', `expected cpu with ${ranks.size} ranks, ${found}`);
  }
  const stages: Compiled[] = [];
  let ort: typeof Ort | undefined;
  for (const [i, stage] of cutStages(graph).entries()) {
    const profile = options.profile && { profile: `${options.profile}-${i}` };
    const created = await createSession(stage.graph, { ...options, ...profile });
    ort = created.ort;
    stages.push({ ...stage, session: created.session });
  }
  return { ort: ort!, session: new StagedRunner(ort!, graph, stages, ranks, onStage) };
}

class StagedRunner implements Runner {
  /** What goes from one stage to another, by name. */
  private readonly between = new Map<string, Ort.Tensor>();
  private readonly returned: ReadonlySet<string>;

  constructor(
    ort: typeof Ort,
    graph: Graph,
    private readonly stages: readonly Compiled[],
    private readonly ranks: Communicator,
    private readonly onStage: OnStage | undefined,
  ) {
    this.returned = new Set(graph.outputs.map(({ name }) => name));
    for (const { graph: part, reductions } of stages) {
      for (const output of part.outputs) {
        if (!this.returned.has(output.name)) this.between.set(output.name, toOrt(ort, emptyTensor(output)));
      }
      for (const { input, output } of reductions) this.between.set(output, this.between.get(input)!);
    }
  }

  async run(
    inputs: Record<string, Ort.Tensor>,
    fetches: Record<string, Ort.Tensor | null>,
  ): Promise<Record<string, Ort.Tensor>> {
    const results: Record<string, Ort.Tensor> = {};
    /** By the name of what they sum up. */
    const pending = new Map<string, Pending>();
    for (const [index, { graph, session, waitsFor, reductions }] of this.stages.entries()) {
      for (const needed of waitsFor) {
        await pending.get(needed)?.wait();
        pending.delete(needed);
      }
      const began = performance.now();
      const known = (name: string) => inputs[name] ?? this.between.get(name) ?? results[name]!;
      const feeds = Object.fromEntries(graph.inputs.map(({ name }) => [name, known(name)]));
      const wanted = Object.fromEntries(
        graph.outputs.map(({ name }) => [name, this.returned.has(name) ? (fetches[name] ?? null) : known(name)]),
      );
      // a stage that only hands on has nothing to run
      const outputs = graph.nodes.length > 0 ? await session.run(feeds, wanted) : {};
      this.onStage?.(index, performance.now() - began);
      for (const name of this.returned) if (outputs[name]) results[name] = outputs[name];
      for (const { input, output } of reductions) pending.set(output, this.begin(this.between.get(input)!));
    }
    for (const one of pending.values()) await one.wait();
    return results;
  }

  private begin({ data }: Ort.Tensor): Pending {
    return data instanceof Uint16Array ? this.ranks.sumHalf(data) : this.ranks.sum(data as Float32Array);
  }

  async release(): Promise<void> {
    for (const { session } of this.stages) await session.release();
  }
}
