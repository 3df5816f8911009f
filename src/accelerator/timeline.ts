/** When each instruction of a compiled network begins and ends, to the cycle. */

import type { CompiledNetwork } from './compiled.ts';
import { adderTimes, fetchCycles, macTimes, type Times } from './timing.ts';

export interface Span {
  readonly engine: 'mac' | 'adder';
  readonly layer: number;
  readonly image: number;
  readonly name: string;
  readonly start: number;
  readonly end: number;
  readonly times: Times;
}

export interface Timeline {
  readonly spans: { readonly mac: readonly Span[]; readonly adder: readonly Span[] };
  /** Until both engines have halted, all images together. */
  readonly cycles: number;
}

export function timelineOf(compiled: CompiledNetwork): Timeline {
  const { array, tasks } = compiled;
  const taskOf = new Map(tasks.map((task) => [`${task.instruction.engine} ${task.layer}`, task]));
  const done = { mac: [] as number[], adder: [] as number[] };
  const spans = { mac: [] as Span[], adder: [] as Span[] };
  const next = (engine: 'mac' | 'adder'): boolean => {
    const i = spans[engine].length;
    const instruction = compiled[engine][i];
    if (!instruction) return false;
    const others = done[engine === 'mac' ? 'adder' : 'mac'];
    if (others.length < instruction.waitFor) return false;
    const task = taskOf.get(`${engine} ${instruction.layer}`)!;
    const { cycles, times } =
      instruction.engine === 'mac' ? macTimes(instruction, array) : adderTimes(instruction, task.lengths!, array);
    const decoded = (done[engine].at(-1) ?? 0) + fetchCycles[engine];
    const start = Math.max(decoded, instruction.waitFor > 0 ? others[instruction.waitFor - 1]! : 0);
    const { layer, image } = instruction;
    const waits = { ...times, overhead: times.overhead + fetchCycles[engine], wait: start - decoded };
    spans[engine].push({ engine, layer, image, name: task.name, start, end: start + cycles, times: waits });
    done[engine].push(start + cycles);
    return true;
  };
  while (next('mac') || next('adder'));
  const halted = (engine: 'mac' | 'adder') => (done[engine].at(-1) ?? 0) + fetchCycles[engine] + 1;
  const engines = array.adders > 0 ? (['mac', 'adder'] as const) : (['mac'] as const);
  return { spans, cycles: Math.max(...engines.map(halted)) };
}
