/**
 * A graph that carries state from run to run: a training step reads each slot from an input and writes its successor to
 * an output. On the CPU two sets of buffers take turns, so nothing is copied or allocated between steps; on WebGPU the
 * outputs stay in the device's memory and are fed back as they are.
 *
 * A slot is a flat float32 vector that holds one tensor, or several one after the other: hundreds of small tensors as
 * separate inputs, updates and outputs would cost more than the arithmetic on them.
 */

import type * as Ort from 'onnxruntime-node';
import type { Communicator } from '../cluster/index.ts';
import { elementCount, Graph, type Tensor, TritbankError } from '../ir/index.ts';
import { fillsOutputs } from './runtime.ts';
import { type CompileOptions, createSession, deviceError, type Feeds, fromOrt, toOrt } from './session.ts';
import { createStages, type Runner } from './staged.ts';

/** A named float32 tensor inside a slot. */
export interface StatePart {
  readonly name: string;
  readonly initial: Tensor;
}

/** State read from the graph input `input` and written to the graph output `next`, both flat vectors. */
export interface StateSlot {
  readonly input: string;
  readonly next: string;
  readonly parts: readonly StatePart[];
}

export interface Program {
  /** Runs one step: state advances, the outputs that are not state come back. */
  step(feeds: Feeds): Promise<Record<string, Tensor>>;
  /** A copy of all state, by part. */
  state(): Promise<Map<string, Tensor>>;
  /** Copy of the state before the last step, for looking into a step that failed. CPU in Node only; else undefined. */
  previousState(): Map<string, Tensor> | undefined;
  /**
   * Overwrites parts by name; others keep their values. Where one has a wrong shape, none is overwritten. Not between two
   * awaits of `step`.
   */
  load(state: ReadonlyMap<string, Tensor>): Promise<void>;
  release(): Promise<void>;
}

export interface ProgramOptions extends CompileOptions {
  /** The ranks that run the graph together, where it has sums over them. On the CPU only. */
  readonly ranks?: Communicator;
  /** After each stage of a step with ranks: its index and milliseconds, without waiting for others. */
  readonly onStage?: (index: number, milliseconds: number) => void;
}

type Buffers = Map<StateSlot, Ort.Tensor>;

/** One session for the whole graph. */
async function createWhole(graph: Graph, slots: readonly StateSlot[], options: CompileOptions) {
  const onDevice = options.device !== undefined && options.device !== 'cpu';
  const resident = onDevice ? { resident: slots.map((s) => s.next) } : {};
  const { ort, session } = await createSession(graph, { ...options, ...resident });
  const runner: Runner = {
    run: (inputs, fetches) => session.run(inputs, fetches),
    async release() {
      if (options.profile) session.endProfiling();
      await session.release();
    },
  };
  return { ort, session: runner };
}

function pack(slot: StateSlot, tensors: ReadonlyMap<string, Tensor>): Tensor {
  const flat = new Float32Array(slot.parts.reduce((n, part) => n + elementCount(part.initial.dims), 0));
  let offset = 0;
  for (const { name, initial } of slot.parts) {
    const tensor = tensors.get(name) ?? initial;
    const expected = initial.dims.join(' x ');
    if (tensor.dims.join(' x ') !== expected) {
      const found = tensor.dims.join(' x ');
      throw new TritbankError('E_RESUME', `state '${name}'`, `expected [${expected}], found [${found}]`);
    }
    flat.set(tensor.data as Float32Array, offset);
    offset += elementCount(initial.dims);
  }
  return { dtype: 'float32', dims: [flat.length], data: flat };
}

function unpack(slot: StateSlot, flat: Float32Array, into: Map<string, Tensor>): void {
  let offset = 0;
  for (const { name, initial } of slot.parts) {
    const end = offset + elementCount(initial.dims);
    into.set(name, { dtype: 'float32', dims: initial.dims, data: flat.slice(offset, end) });
    offset = end;
  }
}

/**
 * A graph that copies each slot from input to output: run on the device, its outputs arrive in main memory. (The
 * runtime's own download of device tensors aborts the process, onnxruntime-node 1.30.)
 */
function copyGraph(slots: readonly StateSlot[]): Graph {
  const graph = new Graph('read-state');
  for (const { input, next, parts } of slots) {
    const size = parts.reduce((n, part) => n + elementCount(part.initial.dims), 0);
    const value = graph.input(input, 'float32', [size]);
    const copy = graph.add('Identity', [value], {}, { outputs: [next] }).output();
    copy.type = { dtype: 'float32', shape: [size] };
    graph.outputs.push(copy);
  }
  return graph;
}

/**
 * Compiles a step graph. Throws E_DEVICE when the provider refuses it, E_RESUME when `load` gets a wrong shape.
 *
 * @example
 * import { compileProgram, f32, Graph, scalar } from 'tritbank';
 *
 * const graph = new Graph('counter');
 * const sum = graph.add('Add', [graph.input('count', 'float32', [1]), graph.input('by', 'float32', [])]).output();
 * sum.type = { dtype: 'float32', shape: [1] };
 * graph.outputs = [sum];
 * const slot = { input: 'count', next: sum.name, parts: [{ name: 'count', initial: f32([1]) }] };
 * const program = await compileProgram(graph, [slot]);
 * for (const by of [2, 3]) await program.step({ by: scalar(by) });
 * console.log((await program.state()).get('count')!.data[0]); // 5
 * await program.release();
 */
export async function compileProgram(
  graph: Graph,
  slots: readonly StateSlot[],
  { ranks, onStage, ...options }: ProgramOptions = {},
): Promise<Program> {
  const onDevice = options.device !== undefined && options.device !== 'cpu';
  const { ort, session } = ranks
    ? await createStages(graph, ranks, { ...options, ...(onStage && { onStage }) })
    : await createWhole(graph, slots, options);
  const isState = new Set(slots.map((s) => s.next));
  const others = graph.outputs.map((o) => o.name).filter((name) => !isState.has(name));
  const fresh = (): Buffers => new Map(slots.map((slot) => [slot, toOrt(ort, pack(slot, new Map()))]));
  let current = fresh();
  const takesTurns = !onDevice && fillsOutputs;
  let spare: Buffers = takesTurns ? fresh() : new Map();

  // Created at the first read of state that is in the device's memory.
  let reader: Ort.InferenceSession | undefined;
  const read = async (): Promise<Map<string, Tensor>> => {
    const resident = [...current.values()].some((tensor) => tensor.location !== 'cpu');
    if (resident) reader ??= (await createSession(copyGraph(slots), options)).session;
    const feeds = Object.fromEntries([...current].map(([slot, tensor]) => [slot.input, tensor]));
    const fetched = resident ? await reader!.run(feeds) : undefined;
    const result = new Map<string, Tensor>();
    for (const [slot, tensor] of current) {
      unpack(slot, (fetched?.[slot.next] ?? tensor).data as Float32Array, result);
    }
    return result;
  };

  return {
    async step(feeds) {
      const inputs: Record<string, Ort.Tensor> = {};
      const fetches: Record<string, Ort.Tensor | null> = {};
      for (const [name, tensor] of Object.entries(feeds)) inputs[name] = toOrt(ort, tensor);
      for (const slot of slots) {
        inputs[slot.input] = current.get(slot)!;
        fetches[slot.next] = takesTurns ? spare.get(slot)! : null;
      }
      for (const name of others) fetches[name] = null;
      try {
        const outputs = await session.run(inputs, fetches);
        if (!takesTurns) {
          for (const slot of slots) {
            const old = current.get(slot)!;
            current.set(slot, outputs[slot.next]!);
            if (old.location === 'gpu-buffer') old.dispose();
          }
        } else {
          [current, spare] = [spare, current];
        }
        return Object.fromEntries(others.map((name) => [name, fromOrt(outputs[name]!)]));
      } catch (cause) {
        if (cause instanceof TritbankError) throw cause;
        throw deviceError(`graph '${graph.name}'`, 'a step without error', cause);
      }
    },
    state: read,
    previousState() {
      if (!takesTurns) return undefined;
      const result = new Map<string, Tensor>();
      for (const [slot, tensor] of spare) unpack(slot, tensor.data as Float32Array, result);
      return result;
    },
    async load(state) {
      const before = await read();
      const packed: Buffers = new Map();
      for (const slot of slots) {
        if (!slot.parts.some((part) => state.has(part.name))) continue;
        const merged = new Map([
          ...before,
          ...slot.parts.flatMap(({ name }) => (state.has(name) ? [[name, state.get(name)!] as const] : [])),
        ]);
        packed.set(slot, toOrt(ort, pack(slot, merged)));
      }
      for (const [slot, tensor] of packed) {
        const old = current.get(slot)!;
        current.set(slot, tensor);
        if (old.location === 'gpu-buffer') old.dispose();
      }
    },
    async release() {
      for (const tensor of current.values()) if (tensor.location === 'gpu-buffer') tensor.dispose();
      await reader?.release();
      await session.release();
    },
  };
}
