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

/** What the order depends on of a task. */
export type TaskTime = Pick<Task, 'step' | 'cycles'> & { readonly engine: Engine };

/** A task for one image, and how many instructions of the other engine have to be done before. */
interface Turn {
  /** Index in the tasks. */
  readonly task: number;
  readonly image: number;
  readonly waitFor: number;
}

export interface TaskOrder {
  readonly mac: readonly Turn[];
  readonly adder: readonly Turn[];
  /** When both engines are done with all images. */
  readonly cycles: number;
}

/**
 * Takes the steps of the images in turn, always the one that can begin first, the older image before the younger. A task
 * waits for all tasks of its image's earlier steps; those of its own engine are done by then. An image begins when the
 * one whose memory it takes is done.
 */
export function orderTasks(tasks: readonly TaskTime[], images: number, inFlight: number): TaskOrder {
  const steps = [...new Set(tasks.map(({ step }) => step))].sort((a, b) => a - b);
  const numbers = tasks.map((_, i) => i);
  const ofStep = steps.map((step) => numbers.filter((i) => tasks[i]!.step === step));
  const programs = { mac: [] as Turn[], adder: [] as Turn[] };
  const free = { mac: 0, adder: 0 };
  const states = Array.from({ length: images }, () => ({ next: 0, ready: 0, mac: 0, adder: 0 }));
  const isOver = (image: number) => image < 0 || states[image]!.next === steps.length;
  // the task that takes longest should not be kept waiting
  const longest = ofStep.map((own) => own.map((i) => tasks[i]!).reduce((a, b) => (b.cycles > a.cycles ? b : a)));
  for (let left = images * steps.length; left > 0; left--) {
    let best = -1;
    let earliest = Infinity;
    for (const [image, state] of states.entries()) {
      if (isOver(image) || !isOver(image - inFlight)) continue;
      if (state.next === 0 && image >= inFlight) Object.assign(state, { ...states[image - inFlight]!, next: 0 });
      const start = Math.max(state.ready, free[longest[state.next]!.engine]);
      if (start < earliest) [best, earliest] = [image, start];
    }
    const state = states[best]!;
    let end = 0;
    const before = { mac: state.mac, adder: state.adder };
    for (const task of ofStep[state.next]!) {
      const { engine, cycles } = tasks[task]!;
      const start = Math.max(free[engine] + fetchCycles[engine], state.ready);
      free[engine] = start + cycles;
      end = Math.max(end, free[engine]);
      programs[engine].push({ task, image: best, waitFor: engine === 'mac' ? before.adder : before.mac });
      state[engine] = programs[engine].length;
    }
    state.next++;
    state.ready = end;
  }
  return { ...programs, cycles: Math.max(free.mac, free.adder) };
}

/** The programs of both engines for all images. */
export function schedule(
  tasks: readonly Task[],
  images: number,
  layout: MemoryLayout,
): { mac: MacInstruction[]; adder: AdderInstruction[] } {
  const times = tasks.map(({ step, cycles, instruction: { engine } }) => ({ step, cycles, engine }));
  const order = orderTasks(times, images, layout.inFlight);
  const program = <I extends MacInstruction | AdderInstruction>(turns: readonly Turn[]): I[] =>
    turns.map(({ task, image, waitFor }) => {
      const { instruction, readsInput } = tasks[task]!;
      return forImage(instruction as I, { image, readsInput, waitFor }, layout);
    });
  return { mac: program(order.mac), adder: program(order.adder) };
}
