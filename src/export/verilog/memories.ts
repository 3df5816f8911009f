/** Memory images as text for `$readmemh`, one word a line. */

import {
  type CompiledNetwork,
  inWords,
  loadImages,
  memoryWords,
  packBytes,
  programWords,
  type Simulation,
  type Write,
} from '../../accelerator/index.ts';
import { arrayDesign } from '../../synthesis/index.ts';

const hex = (value: bigint, bits: number) => value.toString(16).padStart(Math.ceil(bits / 4), '0');

const signed = (value: number, bits: number) => BigInt.asUintN(bits, BigInt(value));

/** Lines of a memory; at least one, since a memory has no fewer. */
export function hexLines(words: Iterable<bigint>, bits: number): string {
  const lines = Array.from(words, (word) => hex(word, bits));
  return `${(lines.length > 0 ? lines : [hex(0n, bits)]).join('\n')}\n`;
}

/** Constants: programs, tables, weights and parameters, by file name. */
export function constantMemories(compiled: CompiledNetwork): Map<string, string> {
  const words = memoryWords(compiled);
  const name = (memory: string) => `${memory.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}.hex`;
  return new Map(Object.entries(words).map(([memory, { bits, words: own }]) => [name(memory), hexLines(own, bits)]));
}

/** What differs with the images: activation memories before the run, and all that is written in it. */
export function imageMemories(
  compiled: CompiledNetwork,
  images: readonly Int8Array[],
  simulation: Simulation,
): Map<string, string> {
  const { lanes } = compiled.array;
  const memory = loadImages(compiled, images);
  const files = new Map([
    ['even.hex', hexLines(inWords(memory.even, lanes), 8 * lanes)],
    ['odd.hex', hexLines(inWords(memory.odd, lanes), 8 * lanes)],
  ]);
  const writes = (own: readonly Write[]) =>
    hexLines(
      own.map(
        ({ layer, isOdd, row, word }) =>
          packBytes(word) |
          (BigInt(row | 0) << BigInt(8 * lanes)) |
          (BigInt(Number(isOdd)) << BigInt(8 * lanes + 32)) |
          (BigInt(layer) << BigInt(8 * lanes + 48)),
      ),
      8 * lanes + 64,
    );
  const scores = (own: ReadonlyMap<number, number>) =>
    hexLines(
      Array.from({ length: Math.max(0, ...own.keys()) + 1 }, (_, i) => signed(own.get(i) ?? 0, 64)),
      64,
    );
  files.set('mac_writes.hex', writes(simulation.writes.mac));
  files.set('adder_writes.hex', writes(simulation.writes.adder));
  files.set('mac_scores.hex', scores(simulation.scores.mac));
  files.set('adder_scores.hex', scores(simulation.scores.adder));
  return files;
}

/** Parameters of the test bench, and the depths of its memories. */
export function configuration(compiled: CompiledNetwork, simulation: Simulation, limit: number): string {
  const { array, mac, adder, table, macWeights, adderWeights, macParameters, adderParameters } = compiled;
  const { macTileBits, tileBits, hasAdditions } = compiled;
  const atLeastOne = (n: number) => Math.max(1, n);
  const values: Record<string, number> = {
    ...arrayDesign(array, { macTileBits, tileBits, additions: hasAdditions }).parameters,
    MAC_PROGRAM_WORDS: programWords(mac, 'mac').length,
    ADDER_PROGRAM_WORDS: programWords(adder, 'adder').length,
    TABLE_WORDS: atLeastOne(table.length),
    MAC_WEIGHT_WORDS: atLeastOne(macWeights.length / array.macs),
    ADDER_WEIGHT_WORDS: atLeastOne(adderWeights.length),
    MAC_PARAMETER_WORDS: atLeastOne(macParameters.length),
    ADDER_PARAMETER_WORDS: atLeastOne(adderParameters.length),
    ACTIVATION_ROWS: compiled.activationRows,
    MAC_WRITES: atLeastOne(simulation.writes.mac.length),
    ADDER_WRITES: atLeastOne(simulation.writes.adder.length),
    MAC_SCORES: atLeastOne(Math.max(0, ...simulation.scores.mac.keys()) + 1),
    ADDER_SCORES: atLeastOne(Math.max(0, ...simulation.scores.adder.keys()) + 1),
    MAC_WRITES_EXPECTED: simulation.writes.mac.length,
    ADDER_WRITES_EXPECTED: simulation.writes.adder.length,
    MAC_SCORES_EXPECTED: simulation.scores.mac.size,
    ADDER_SCORES_EXPECTED: simulation.scores.adder.size,
    LIMIT: limit,
  };
  return Object.entries(values)
    .map(([name, value]) => `localparam ${name} = ${value};\n`)
    .join('');
}
