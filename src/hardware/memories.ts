/**
 * The memories around the core: how large they are for a network, and how often they are used for one image.
 *
 * Words of constants are read in order, so they are stored in lines of 64 bits without gaps, and a line is read once for
 * all the words in it; the register that holds it is left out. One port: nobody writes them while the array works.
 */

import { type CompiledNetwork, type MemoryWords, memoryWords, programWords } from '../accelerator/index.ts';
import { type SramCost, type SramProcess, sramCost } from '../synthesis/index.ts';
import { accessesOf, sumAccesses } from './accesses.ts';

export interface MemoryUse {
  readonly name: string;
  readonly words: number;
  readonly bits: number;
  /** Of the same size. */
  readonly count: number;
  readonly ports: 1 | 2;
  /** Of all of them, for one image. */
  readonly reads: number;
  readonly writes: number;
}

const lineBits = 64;

/** All memories; nothing of an engine that the array does not have. */
export function memoriesOf(compiled: CompiledNetwork): MemoryUse[] {
  const { array, tasks } = compiled;
  const { lanes, adders, inputs, images } = array;
  const uses = sumAccesses(tasks.map((task) => accessesOf(task, array)));
  const constants = memoryWords(compiled);
  const word = 8 * lanes;
  // images that wait do not have to be in this memory: one more is enough for a stream
  const rows = compiled.activationRows - Math.max(0, images - compiled.inFlight) * compiled.inputRows;
  const constant = (name: string, { bits, words }: MemoryWords, reads: number, count = 1): MemoryUse => {
    const linesOf = (count: number) => Math.ceil((count * bits) / lineBits);
    const line = { bits: lineBits, words: linesOf(words.length), reads: linesOf(reads), writes: 0 };
    return { name, count, ports: 1, ...line };
  };
  const instructions = tasks.map(({ instruction }) => instruction);
  const program = [
    ...programWords(
      instructions.filter((i) => i.engine === 'mac'),
      'mac',
    ),
    ...programWords(
      instructions.filter((i) => i.engine === 'adder'),
      'adder',
    ),
  ];
  const memories: MemoryUse[] = [
    {
      name: 'activations',
      words: rows,
      bits: word,
      count: 2,
      ports: 2,
      reads: uses.activationReads,
      writes: uses.activationWrites,
    },
    {
      name: 'MAC tile',
      words: 2 ** compiled.macTileBits,
      bits: word,
      count: 1,
      ports: 2,
      reads: uses.macTileReads,
      writes: uses.macTileWrites,
    },
    constant('MAC weights', constants.macWeights, uses.macWeights),
    constant('MAC parameters', constants.macParameters, uses.macParameters),
    constant('access table', constants.table, uses.table, adders > 0 ? 2 : 1),
    constant('programs', { bits: 64, words: program }, program.length),
  ];
  if (adders === 0) return memories;
  return [
    ...memories,
    {
      name: 'adder tile',
      words: 2 ** compiled.tileBits,
      bits: word,
      count: inputs,
      ports: 2,
      reads: uses.tileReads,
      writes: uses.tileWrites,
    },
    constant('ternary weights', constants.adderWeights, uses.adderWeights),
    constant('ternary parameters', constants.adderParameters, uses.adderParameters),
  ];
}

export interface MemoryFigures {
  /** um2. */
  readonly area: number;
  /** uJ for an image, of reads and writes; leakage is apart. */
  readonly energy: number;
  /** nW. */
  readonly leakage: number;
  readonly memories: readonly (MemoryUse & { readonly area: number; readonly energy: number })[];
}

/** Area and energy of the memories in a process, by the model of `sramCost`. */
export function measureMemories(compiled: CompiledNetwork, process: SramProcess): MemoryFigures {
  const memories = memoriesOf(compiled).map((memory) => {
    const { words, bits, ports, count, reads, writes } = memory;
    const cost: SramCost = sramCost({ words, bits, ports }, process);
    return {
      ...memory,
      area: cost.area * count,
      energy: (cost.read * reads + cost.write * writes) * 1e-6,
      leakage: cost.leakage * count,
    };
  });
  const sum = (of: (memory: (typeof memories)[number]) => number) =>
    memories.reduce((total, memory) => total + of(memory), 0);
  return { area: sum((m) => m.area), energy: sum((m) => m.energy), leakage: sum((m) => m.leakage), memories };
}
