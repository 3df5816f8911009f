/**
 * What an array takes for a network: area of its core as synthesised, cycles of a stream of images, energy of the core
 * from its gates at work on the layers' own data, and memories by a stated model.
 */

import { type ArrayParameters, type CompiledNetwork, compileNetwork, timelineOf } from '../accelerator/index.ts';
import type { IntegerNetwork } from '../integer/index.ts';
import { TritbankError } from '../ir/index.ts';
import { arrayDesign, type Block, type SramProcess, type Synthesis, synthesize } from '../synthesis/index.ts';
import { type GateEnergyOptions, gateEnergy, type TaskEnergy } from './gate-energy.ts';
import { type MemoryFigures, measureMemories } from './memories.ts';

export interface MeasureOptions extends GateEnergyOptions {
  /** Of the memories. */
  readonly process: SramProcess;
  /** Whether the gates are simulated. Default yes. */
  readonly hasEnergy?: boolean | undefined;
}

export interface ArrayFigures extends CycleFigures {
  readonly array: ArrayParameters;
  readonly library: string;
  readonly tool: string;
  readonly blocks: readonly Block[];
  /** um2, of the core. */
  readonly area: number;
  readonly longestPath: Synthesis['longestPath'];
  /** For one image alone. */
  readonly latency: number;
  /** uJ for an image, of the core; undefined without simulation. */
  readonly energy: number | undefined;
  /** pJ a cycle of a core that rests: clock and leakage. */
  readonly restPJ: number | undefined;
  readonly tasks: readonly TaskEnergy[];
  readonly memory: MemoryFigures;
}

/** uJ for an image, with memories and what leaks in them meanwhile; undefined where gates were not simulated. */
export function energyWithMemory({ cycles, energy, memory }: ArrayFigures, clockMHz: number): number | undefined {
  // nW for as many us
  const leakage = (memory.leakage * cycles * 1e-9) / clockMHz;
  return energy === undefined ? undefined : energy + memory.energy + leakage;
}

/** MHz, by an estimate of the longest path. */
export const clockLimitOf = ({ longestPath }: Pick<ArrayFigures, 'longestPath'>): number =>
  1000 / longestPath.nanoseconds;

/** Images of the stream: cycles at its beginning and end are in the mean. Fewer where their memory is too large. */
const streamLengths = [12, 8, 4, 2, 1];

/** `network` compiled for as many images as fit, up to 12. Errors are those of `compileNetwork`. */
export function compileStream(network: IntegerNetwork, array: ArrayParameters): CompiledNetwork {
  for (const images of streamLengths) {
    try {
      return compileNetwork(network, { ...array, images });
    } catch (error) {
      if (images === 1 || !(error instanceof TritbankError) || error.code !== 'E_LIMIT') throw error;
    }
  }
  throw new Error('internal: no stream of images');
}

/** What is known without synthesis: how long a network takes. */
export interface CycleFigures {
  /** For one image in a stream. */
  readonly cycles: number;
  /** Share of the time in which the lanes of an engine compute. */
  readonly busy: { readonly mac: number; readonly adder: number };
}

function cyclesOf(stream: CompiledNetwork): CycleFigures {
  const timeline = timelineOf(stream);
  const cycles = timeline.cycles / stream.array.images;
  return { cycles, busy: { mac: busyOf(timeline, 'mac'), adder: busyOf(timeline, 'adder') } };
}

/** Cycles of `network` on `array`, for one image in a stream. Errors are those of `compileNetwork`. */
export const measureCycles = (network: IntegerNetwork, array: ArrayParameters): CycleFigures =>
  cyclesOf(compileStream(network, array));

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
  const { onStep, process, hasEnergy = true } = options;
  onStep?.('compile');
  const stream = compileStream(network, array);
  const single = compileNetwork(network, { ...array, images: 1, inFlight: 1 });
  const { macTileBits, tileBits, hasAdditions } = single;
  const design = arrayDesign(array, { macTileBits, tileBits, additions: hasAdditions });
  const { synthesis, netlist } = await synthesize(design, options);
  const figures = {
    ...{ array, library: synthesis.library, tool: synthesis.tool, blocks: synthesis.blocks, area: synthesis.area },
    longestPath: synthesis.longestPath,
    ...cyclesOf(stream),
    latency: timelineOf(single).cycles,
    memory: measureMemories(stream, process),
  };
  if (!hasEnergy) return { ...figures, energy: undefined, restPJ: undefined, tasks: [] };
  const { restPJ, tasks } = await gateEnergy(single, image, netlist, options);
  const work = tasks.reduce((sum, { pJPerCycle, cycles }) => sum + pJPerCycle * cycles, 0);
  return { ...figures, energy: (work + restPJ * figures.cycles) * 1e-6, restPJ, tasks };
}
