/**
 * A graph that carries state from run to run: a training step reads each state tensor from an input and writes its
 * successor to an output. On the CPU two sets of buffers take turns, so nothing is copied or allocated between steps;
 * on WebGPU the outputs stay in the device's memory and are fed back as they are.
 */

import type * as Ort from 'onnxruntime-node';
import { type Graph, type Tensor, TritbankError } from '../ir/index.ts';
import { type CompileOptions, createSession, deviceError, type Feeds, fromOrt, toOrt } from './session.ts';

/** One state tensor: read from graph input `name`, its successor written to graph output `next`. */
export interface StateSlot {
  readonly name: string;
  readonly next: string;
  readonly initial: Tensor;
}

export interface Program {
  /** Runs one step: state advances, the outputs that are not state come back. */
  step(feeds: Feeds): Promise<Record<string, Tensor>>;
  /** A copy of all state. */
  state(): Promise<Map<string, Tensor>>;
  /** Copy of the state before the last step, for looking into a step that failed. CPU only; elsewhere undefined. */
  previousState(): Map<string, Tensor> | undefined;
  /** Overwrites state tensors by name; others keep their values. */
  load(state: ReadonlyMap<string, Tensor>): void;
  release(): Promise<void>;
}

const copyOf = (tensor: Tensor): Tensor => ({ ...tensor, data: tensor.data.slice() as Float32Array });

/** Compiles a step graph. Throws E_DEVICE when the provider refuses it, E_RESUME when `load` gets a wrong shape. */
export async function compileProgram(
  graph: Graph,
  slots: readonly StateSlot[],
  options: CompileOptions = {},
): Promise<Program> {
  const onDevice = options.device !== undefined && options.device !== 'cpu';
  const { ort, session } = await createSession(graph, {
    ...options,
    ...(onDevice ? { resident: slots.map((s) => s.next) } : {}),
  });
  const isState = new Set(slots.map((s) => s.next));
  const others = graph.outputs.map((o) => o.name).filter((name) => !isState.has(name));
  let current = new Map<string, Ort.Tensor>();
  let spare = new Map<string, Ort.Tensor>();
  for (const slot of slots) {
    current.set(slot.name, toOrt(ort, copyOf(slot.initial)));
    if (!onDevice) spare.set(slot.name, toOrt(ort, copyOf(slot.initial)));
  }

  return {
    async step(feeds) {
      const inputs: Record<string, Ort.Tensor> = {};
      const fetches: Record<string, Ort.Tensor | null> = {};
      for (const [name, tensor] of Object.entries(feeds)) inputs[name] = toOrt(ort, tensor);
      for (const slot of slots) {
        inputs[slot.name] = current.get(slot.name)!;
        fetches[slot.next] = onDevice ? null : spare.get(slot.name)!;
      }
      for (const name of others) fetches[name] = null;
      try {
        const outputs = await session.run(inputs, fetches);
        if (onDevice) {
          for (const slot of slots) {
            const old = current.get(slot.name)!;
            current.set(slot.name, outputs[slot.next]!);
            if (old.location === 'gpu-buffer') old.dispose();
          }
        } else {
          [current, spare] = [spare, current];
        }
        return Object.fromEntries(others.map((name) => [name, fromOrt(outputs[name]!)]));
      } catch (cause) {
        throw deviceError(`graph '${graph.name}'`, 'a step without error', cause);
      }
    },
    async state() {
      const result = new Map<string, Tensor>();
      for (const [name, tensor] of current) {
        const data = tensor.location === 'cpu' ? tensor.data : await tensor.getData();
        result.set(name, copyOf({ dtype: 'float32', dims: tensor.dims, data: data as Float32Array }));
      }
      return result;
    },
    previousState() {
      if (onDevice) return undefined;
      return new Map([...spare].map(([name, tensor]) => [name, copyOf(fromOrt(tensor))]));
    },
    load(state) {
      for (const slot of slots) {
        const tensor = state.get(slot.name);
        if (!tensor) continue;
        const expected = slot.initial.dims.join(' x ');
        if (tensor.dims.join(' x ') !== expected) {
          const message = `expected [${expected}], found [${tensor.dims.join(' x ')}]`;
          throw new TritbankError('E_RESUME', `state '${slot.name}'`, message);
        }
        current.set(slot.name, toOrt(ort, copyOf(tensor)));
      }
    },
    async release() {
      if (options.profile) session.endProfiling();
      await session.release();
    },
  };
}
