/**
 * What an array takes for a network: area of its core as synthesised, cycles of a stream of images, energy of the core
 * from its gates at work on the layers' own data, and memories by a stated model.
 */

import type { AdderInstruction, MacInstruction, Task } from '../accelerator/index.ts';
import {
  type ArrayParameters,
  type CompiledNetwork,
  compileNetwork,
  loadImages,
  type Memory,
  simulate,
  timelineOf,
} from '../accelerator/index.ts';
import type { IntegerNetwork } from '../integer/index.ts';
import { AbortError } from '../ir/index.ts';
import { energyOfToggles } from '../synthesis/energy.ts';
import { flattenNetlist } from '../synthesis/flatten.ts';
import {
  arrayDesign,
  type Block,
  type SramProcess,
  type Synthesis,
  type SynthesisOptions,
  synthesize,
} from '../synthesis/index.ts';
import { GateRun } from './gate-run.ts';
import { type MemoryFigures, measureMemories } from './memories.ts';

export interface MeasureOptions extends SynthesisOptions {
  readonly clockMHz?: number | undefined;
  /** Of the memories. */
  readonly process: SramProcess;
  /** Cycles of each task whose gates are simulated. Default 400. */
  readonly cyclesPerTask?: number | undefined;
  /** Whether the gates are simulated. Default yes. */
  readonly hasEnergy?: boolean | undefined;
}

export interface TaskEnergy {
  readonly name: string;
  readonly engine: 'mac' | 'adder';
  readonly cycles: number;
  /** pJ a cycle beyond those of a core that rests. */
  readonly pJPerCycle: number;
}

export interface ArrayFigures {
  readonly array: ArrayParameters;
  readonly library: string;
  readonly tool: string;
  readonly blocks: readonly Block[];
  /** um2, of the core. */
  readonly area: number;
  readonly longestPath: Synthesis['longestPath'];
  /** For one image in a stream. */
  readonly cycles: number;
  /** For one image alone. */
  readonly latency: number;
  /** Share of the time in which the lanes of an engine compute. */
  readonly busy: { readonly mac: number; readonly adder: number };
  /** uJ for an image, of the core; undefined without simulation. */
  readonly energy: number | undefined;
  /** pJ a cycle of a core that rests: clock and leakage. */
  readonly restPJ: number | undefined;
  readonly tasks: readonly TaskEnergy[];
  readonly memory: MemoryFigures;
}

/** Images of the stream: cycles at its beginning and end are in the mean. */
const streamImages = 12;

const busyOf = (timeline: ReturnType<typeof timelineOf>, engine: 'mac' | 'adder') =>
  timeline.spans[engine].reduce((sum, { times }) => sum + times.busy, 0) / timeline.cycles;

/**
 * Measures `array` on `network`; `image` are the integers of an image. Errors are those of `compileNetwork` and
 * `synthesize`; AbortError after the signal.
 */
export async function measureArray(
  network: IntegerNetwork,
  image: Int8Array,
  array: ArrayParameters,
  options: MeasureOptions,
): Promise<ArrayFigures> {
  const { onStep, signal, process, clockMHz, hasEnergy = true, cyclesPerTask = 400 } = options;
  onStep?.('compile');
  const stream = compileNetwork(network, { ...array, images: streamImages });
  const timeline = timelineOf(stream);
  const single = compileNetwork(network, { ...array, images: 1, inFlight: 1 });
  const { macTileBits, tileBits, hasAdditions } = single;
  const design = arrayDesign(array, { macTileBits, tileBits, additions: hasAdditions });
  const { synthesis, netlist } = await synthesize(design, options);
  const figures = {
    ...{ array, library: synthesis.library, tool: synthesis.tool, blocks: synthesis.blocks, area: synthesis.area },
    longestPath: synthesis.longestPath,
    cycles: timeline.cycles / streamImages,
    latency: timelineOf(single).cycles,
    busy: { mac: busyOf(timeline, 'mac'), adder: busyOf(timeline, 'adder') },
    memory: measureMemories(stream, process),
  };
  if (!hasEnergy) return { ...figures, energy: undefined, restPJ: undefined, tasks: [] };
  const flat = flattenNetlist(netlist, options.library.library);
  const energyOf = (run: GateRun, cycles: number) =>
    energyOfToggles(flat, run.simulator, cycles, { library: options.library.library, clockMHz }).pJPerCycle;
  // a core whose programs have ended
  const resting = new GateRun(flat, single, loadImages(single, [image]), { mac: [], adder: [] });
  for (let cycle = 0; cycle < 40; cycle++) resting.step();
  resting.simulator.clearToggles();
  for (let cycle = 0; cycle < 20; cycle++) resting.step();
  const restPJ = energyOf(resting, 20);
  const memoryOf = memoryBefore(single, image);
  const tasks: TaskEnergy[] = [];
  for (const [n, task] of single.tasks.entries()) {
    if (signal?.aborted) throw new AbortError('stopped while gates were simulated');
    onStep?.(`gates ${n + 1}/${single.tasks.length}`);
    const run = new GateRun(flat, single, memoryOf(task), programOf(task));
    run.step();
    // instructions are fetched
    for (let cycle = 0; cycle < 12; cycle++) run.step();
    run.simulator.clearToggles();
    const cycles = Math.min(cyclesPerTask, task.cycles);
    for (let cycle = 0; cycle < cycles; cycle++) run.step();
    const pJPerCycle = Math.max(0, energyOf(run, cycles) - restPJ);
    tasks.push({ name: task.name, engine: task.instruction.engine, cycles: task.cycles, pJPerCycle });
    await new Promise((resolve) => setImmediate(resolve));
  }
  const work = tasks.reduce((sum, { pJPerCycle, cycles }) => sum + pJPerCycle * cycles, 0);
  return { ...figures, energy: (work + restPJ * figures.cycles) * 1e-6, restPJ, tasks };
}

/** The task alone. */
function programOf({ instruction }: Task): { mac: MacInstruction[]; adder: AdderInstruction[] } {
  const alone = { ...instruction, waitFor: 0 };
  return alone.engine === 'mac' ? { mac: [alone], adder: [] } : { mac: [], adder: [alone] };
}

/** The activation memory as each task finds it. */
function memoryBefore(compiled: CompiledNetwork, image: Int8Array): (task: Task) => Memory {
  const memory = loadImages(compiled, [image]);
  let at = 0;
  const { tasks } = compiled;
  return (task) => {
    for (; tasks[at] !== task; at++) {
      const { mac, adder } = programOf(tasks[at]!);
      simulate({ ...compiled, mac, adder }, memory, { records: false, hasScores: false });
    }
    return { even: memory.even.slice(), odd: memory.odd.slice() };
  };
}
