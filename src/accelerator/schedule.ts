/** The order in which each engine takes the tasks of all images, and what it waits for. */

import type { Task } from './compiled.ts';
import type { AdderInstruction, MacInstruction } from './program.ts';
import { fetchCycles } from './timing.ts';

export type Engine = 'mac' | 'adder';

export interface MemoryLayout {
  /** Rows of the activation memory for the tensors of one image, and for the image itself. */
  readonly imageRows: number;
  readonly inputRows: number;
  /** Images at work at the same time; those that wait have their input only. */
  readonly inFlight: number;
  readonly scoreCount: number;
}

/** The instruction of a task for one image. */
function forImage<I extends MacInstruction | AdderInstruction>(
  instruction: I,
  { image, readsInput, waitFor }: { image: number; readsInput: boolean; waitFor: number },
  { imageRows, inputRows, inFlight, scoreCount }: MemoryLayout,
): I {
  const { xBase, yBase, scoreBase, isRaw } = instruction;
  const own = (image % inFlight) * imageRows;
  return {
    ...instruction,
    ...{ image, waitFor },
    xBase: readsInput ? inFlight * imageRows + image * inputRows : xBase + own,
    yBase: isRaw ? 0 : yBase + own,
    scoreBase: isRaw ? scoreBase + image * scoreCount : 0,
  };
}

/**
 * Takes the steps of the images in turn, always the one that can begin first, the older image before the younger. A task
 * waits for all tasks of its image's earlier steps; those of its own engine are done by then. An image begins when the
 * one whose memory it takes is done.
 */
export function schedule(
  tasks: readonly Task[],
  images: number,
  layout: MemoryLayout,
): { mac: MacInstruction[]; adder: AdderInstruction[] } {
  const steps = [...new Set(tasks.map(({ step }) => step))].sort((a, b) => a - b);
  const ofStep = steps.map((step) => tasks.filter((task) => task.step === step));
  const programs = { mac: [] as MacInstruction[], adder: [] as AdderInstruction[] };
  const free = { mac: 0, adder: 0 };
  const states = Array.from({ length: images }, () => ({ next: 0, ready: 0, mac: 0, adder: 0 }));
  const isOver = (image: number) => image < 0 || states[image]!.next === steps.length;
  for (let left = images * steps.length; left > 0; left--) {
    let best = -1;
    let earliest = Infinity;
    for (const [image, state] of states.entries()) {
      if (isOver(image) || !isOver(image - layout.inFlight)) continue;
      if (state.next === 0 && image >= layout.inFlight)
        Object.assign(state, { ...states[image - layout.inFlight]!, next: 0 });
      // the task that takes longest should not be kept waiting
      const longest = ofStep[state.next]!.reduce((a, b) => (b.cycles > a.cycles ? b : a));
      const start = Math.max(state.ready, free[longest.instruction.engine]);
      if (start < earliest) [best, earliest] = [image, start];
    }
    const state = states[best]!;
    let end = 0;
    const before = { mac: state.mac, adder: state.adder };
    for (const { instruction, cycles, readsInput } of ofStep[state.next]!) {
      const { engine } = instruction;
      const start = Math.max(free[engine] + fetchCycles[engine], state.ready);
      free[engine] = start + cycles;
      end = Math.max(end, free[engine]);
      const place = { image: best, readsInput, waitFor: engine === 'mac' ? before.adder : before.mac };
      if (engine === 'mac') programs.mac.push(forImage(instruction as MacInstruction, place, layout));
      else programs.adder.push(forImage(instruction as AdderInstruction, place, layout));
      state[engine] = programs[engine].length;
    }
    state.next++;
    state.ready = end;
  }
  return programs;
}
