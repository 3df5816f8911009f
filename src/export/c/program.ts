/** A network as a program: its steps, its memory, its names. */

import type { IntegerNetwork } from '../../integer/index.ts';
import { TritbankError } from '../../ir/index.ts';
import { type Preprocessing, readPreprocessing } from '../../onnx/metadata.ts';
import { flashOf, type LayerText, layerText } from './layers.ts';
import { freeBytes, type Memory, planMemory } from './memory.ts';
import type { Optimize } from './optimize.ts';
import { type Step, stepsOf } from './steps.ts';
import { identifierOf } from './text.ts';

export interface ProgramOptions {
  /** Of files and functions. */
  readonly name: string;
  /** What is scarce (default: balanced). */
  readonly optimize?: Optimize;
}

export interface Program {
  readonly name: string;
  readonly optimize: Optimize;
  readonly network: IntegerNetwork;
  readonly steps: readonly Step[];
  readonly texts: readonly LayerText[];
  readonly memory: Memory;
  /** Bytes that were free for the scratch of each step, by its name. */
  readonly room: ReadonlyMap<string, number>;
  readonly preprocessing: Preprocessing;
  /** Bytes of constants, of each step. */
  readonly flash: readonly number[];
  readonly classes: number;
}

type Planned = Pick<Program, 'steps' | 'memory' | 'room'>;

/** Sums are added to by convolutions where that takes less memory. */
function planSteps(network: IntegerNetwork, optimize: Optimize): Planned {
  const plain = planTiles(network, optimize, false);
  if (!plain.steps.some(({ kind }) => kind === 'addition')) return plain;
  const added = planTiles(network, optimize, true);
  return added.memory.bytes < plain.memory.bytes ? added : plain;
}

/**
 * Tiles are computed together as far as the arena stays as small as it can be; of an arena that sums made smaller a
 * sixteenth may be spent on them.
 */
function planTiles(network: IntegerNetwork, optimize: Optimize, addsSums: boolean): Planned {
  const steps = stepsOf(network, optimize, { addsSums });
  const memory = planMemory(network, steps);
  const most = memory.bytes + (addsSums ? memory.bytes >> 4 : 0);
  const room = freeBytes(steps, { ...memory, bytes: most });
  const wide = stepsOf(network, optimize, { room: (name) => room.get(name) ?? 0, addsSums });
  const widely = planMemory(network, wide);
  return widely.bytes <= most ? { steps: wide, memory: widely, room } : { steps, memory, room: new Map() };
}

/** E_UNSUPPORTED where a layer has no kernel in C. */
export function makeProgram(network: IntegerNetwork, { name, optimize = 'balanced' }: ProgramOptions): Program {
  const { steps, memory, room } = planSteps(network, optimize);
  const { tensor } = network.output;
  if (tensor.type !== 'float32' || tensor === network.input.tensor || !steps.some(({ y }) => y.tensor === tensor)) {
    throw new TritbankError('E_UNSUPPORTED', 'output', `expected scores in float32, found ${tensor.type}`);
  }
  return {
    name: identifierOf(name),
    ...{ optimize, network, steps, memory, room },
    texts: steps.map((step, i) => layerText(step, i, memory)),
    preprocessing: readPreprocessing(network.metadata),
    flash: steps.map(flashOf),
    classes: tensor.channels * tensor.height * tensor.width,
  };
}
