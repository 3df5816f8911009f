/** What each engine does for each layer: cycles and their causes, use of the lanes, accesses to the memories. */

import { type CompiledNetwork, type Engine, type Timeline, type Times, timelineOf } from '../accelerator/index.ts';
import { type Accesses, accessesOf } from './accesses.ts';

export interface LayerFigures {
  readonly name: string;
  readonly engine: Engine;
  /** Of one image, without waiting for the other engine. */
  readonly cycles: number;
  /** By their causes, as a mean over the images; they add up to `cycles` and the time of waiting. */
  readonly times: Times;
  /** Multiplications, or additions of non-zeros, that the layer asks for. */
  readonly operations: number;
  /** Of what all lanes could do in these cycles. */
  readonly utilization: number;
  /** Of one image. */
  readonly accesses: Accesses;
  /** Operations for each byte of activations that is read. */
  readonly intensity: number;
}

/** What users read. */
export const engineNames: Readonly<Record<Engine, string>> = { mac: 'MACs', adder: 'adders' };

/** Operations that the lanes of an engine can do in a cycle. */
export const peakOf = ({ lanes, macs, adders, inputs }: CompiledNetwork['array'], engine: Engine): number =>
  engine === 'mac' ? lanes * macs : lanes * adders * inputs;

/** Bytes of activations that an engine can read in a cycle: a word of both banks. */
export const bandwidthOf = ({ lanes }: CompiledNetwork['array']): number => 2 * lanes;

/** In the order in which the layers are computed. */
export function layerFigures(compiled: CompiledNetwork, timeline: Timeline = timelineOf(compiled)): LayerFigures[] {
  const { array, tasks } = compiled;
  return tasks.map((task) => {
    const { engine, layer } = task.instruction;
    const spans = timeline.spans[engine].filter((span) => span.layer === layer);
    const mean = (of: (times: Times) => number) => spans.reduce((sum, { times }) => sum + of(times), 0) / spans.length;
    const accesses = accessesOf(task, array);
    const times: Times = {
      busy: mean(({ busy }) => busy),
      requantize: mean(({ requantize }) => requantize),
      memory: mean(({ memory }) => memory),
      load: mean(({ load }) => load),
      overhead: mean(({ overhead }) => overhead),
      wait: mean(({ wait }) => wait),
    };
    const cycles = times.busy + times.requantize + times.memory + times.load + times.overhead;
    return {
      ...{ name: task.name, engine, cycles, times, operations: task.operations, accesses },
      utilization: task.operations / (cycles * peakOf(array, engine)),
      intensity: task.operations / Math.max(1, accesses.activationReads * array.lanes),
    };
  });
}
