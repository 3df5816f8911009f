/**
 * Energy of an array's core at work on a network: the gates of each task are simulated for some of its cycles, on the
 * data that it finds there. What was simulated is kept by content.
 */

import { createHash } from 'node:crypto';
import type { AdderInstruction, CompiledNetwork, MacInstruction, Memory, Task } from '../accelerator/index.ts';
import { loadImages, memoryWords, simulate } from '../accelerator/index.ts';
import { openFileCache } from '../files/index.ts';
import { AbortError } from '../ir/index.ts';
import { energyOfToggles } from '../synthesis/energy.ts';
import { flattenNetlist } from '../synthesis/flatten.ts';
import type { Netlist, SynthesisOptions } from '../synthesis/index.ts';
import { GateRun } from './gate-run.ts';

export interface GateEnergyOptions extends SynthesisOptions {
  readonly clockMHz?: number | undefined;
  /** Cycles of each task whose gates are simulated, besides those of the first load. Default 200. */
  readonly cyclesPerTask?: number | undefined;
}

export interface TaskEnergy {
  readonly name: string;
  readonly engine: 'mac' | 'adder';
  readonly cycles: number;
  /** pJ a cycle beyond those of a core that rests. */
  readonly pJPerCycle: number;
}

export interface GateEnergy {
  /** pJ a cycle of a core that rests: clock and leakage. */
  readonly restPJ: number;
  readonly tasks: readonly TaskEnergy[];
}

/** Changes where what is kept would be another figure. */
const version = 1;

function keyOf(compiled: CompiledNetwork, image: Int8Array, netlist: Netlist, options: GateEnergyOptions): string {
  const { library, clockMHz, cyclesPerTask } = options;
  const hash = createHash('sha256');
  hash.update(JSON.stringify([version, clockMHz, cyclesPerTask, compiled.array, compiled.tasks]));
  hash.update(library.text).update(image);
  for (const { words } of Object.values(memoryWords(compiled))) hash.update(words.join());
  hash.update(JSON.stringify(netlist));
  return hash.digest('hex');
}

/** Energies of the tasks of `compiled`, a network for one image. AbortError after the signal. */
export async function gateEnergy(
  compiled: CompiledNetwork,
  image: Int8Array,
  netlist: Netlist,
  options: GateEnergyOptions,
): Promise<GateEnergy> {
  if (options.cache === undefined) return simulateGates(compiled, image, netlist, options);
  const cache = openFileCache(options.cache);
  const name = `${keyOf(compiled, image, netlist, options)}.energy.json`;
  const known = cache.get(name, (content) => JSON.parse(content.toString('utf8')) as GateEnergy);
  if (known) return known;
  const made = await simulateGates(compiled, image, netlist, options);
  cache.put(name, JSON.stringify(made));
  return made;
}

/** Until programs that are empty have ended, and then. */
const settling = 40;
const restCycles = 20;
/** The reset, and the fetch of the instruction. */
const beginning = 13;

async function simulateGates(
  compiled: CompiledNetwork,
  image: Int8Array,
  netlist: Netlist,
  { library: { library }, clockMHz, cyclesPerTask = 200, onStep, signal }: GateEnergyOptions,
): Promise<GateEnergy> {
  const flat = flattenNetlist(netlist, library);
  const pJOf = (run: GateRun, cycles: number) => {
    run.simulator.clearToggles();
    for (let cycle = 0; cycle < cycles; cycle++) run.step();
    return energyOfToggles(flat, run.simulator, cycles, { library, clockMHz }).pJPerCycle;
  };
  const resting = new GateRun(flat, compiled, loadImages(compiled, [image]), { mac: [], adder: [] });
  for (let cycle = 0; cycle < settling; cycle++) resting.step();
  const restPJ = pJOf(resting, restCycles);
  const memoryOf = memoryBefore(compiled, image);
  const tasks: TaskEnergy[] = [];
  for (const [n, task] of compiled.tasks.entries()) {
    if (signal?.aborted) throw new AbortError('stopped while gates were simulated');
    onStep?.(`gates ${n + 1}/${compiled.tasks.length}`);
    const run = new GateRun(flat, compiled, memoryOf(task), programOf(task));
    const work = (cycles: number) => (cycles === 0 ? 0 : Math.max(0, pJOf(run, cycles) - restPJ));
    for (let cycle = 0; cycle < beginning; cycle++) run.step();
    // adders load a patch first, which is another work than rows
    const { channels, reads, groups, engine } = task.instruction;
    const load = engine === 'adder' ? channels * reads : 0;
    const loading = work(load);
    const rows = work(Math.max(1, Math.min(cyclesPerTask, Math.ceil(task.cycles / groups) - load)));
    const pJPerCycle = (loading * load * groups + rows * (task.cycles - load * groups)) / task.cycles;
    tasks.push({ name: task.name, engine, cycles: task.cycles, pJPerCycle });
    await new Promise((resolve) => setImmediate(resolve));
  }
  return { restPJ, tasks };
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
