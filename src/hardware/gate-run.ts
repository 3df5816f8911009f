/**
 * The core as gates at work: memories in plain TypeScript around a simulated netlist, on a network's own programs and
 * data. What it writes can be held to the cycle model, and its energy is that of real layers.
 */

import type { AdderInstruction, MacInstruction } from '../accelerator/index.ts';
import {
  type CompiledNetwork,
  inWords,
  type Memory,
  type MemoryWords,
  memoryWords,
  packBytes,
  programWords,
} from '../accelerator/index.ts';
import { GateSimulator } from '../synthesis/activity.ts';
import type { FlatNetlist } from '../synthesis/flatten.ts';

interface Programs {
  readonly mac: readonly MacInstruction[];
  readonly adder: readonly AdderInstruction[];
}

/** A memory of words that are read a cycle later. */
class WordMemory {
  word = 0n;
  constructor(readonly words: readonly bigint[] | bigint[]) {}

  read(address: number): void {
    this.word = this.words[address] ?? 0n;
  }
}

export class GateRun {
  readonly simulator: GateSimulator;
  private readonly program: { readonly mac: WordMemory; readonly adder: WordMemory };
  private readonly tables: { readonly mac: WordMemory; readonly adder: WordMemory };
  private readonly weights: { readonly mac: WordMemory; readonly adder: WordMemory };
  private readonly parameters: { readonly mac: WordMemory; readonly adder: WordMemory };
  private readonly macTile: WordMemory;
  private readonly tile: readonly WordMemory[];
  private readonly activations: Record<'even' | 'odd', bigint[]>;
  private readonly ports = { macEven: 0n, macOdd: 0n, adderEven: 0n, adderOdd: 0n };
  private cycle = 0;
  /** Words that were written, as `row.bank word`. */
  readonly writes: string[] = [];

  constructor(
    netlist: FlatNetlist,
    private readonly compiled: CompiledNetwork,
    memory: Memory,
    programs: Programs,
  ) {
    const { array } = compiled;
    this.simulator = new GateSimulator(netlist);
    const constants = memoryWords(compiled);
    const both = (mac: MemoryWords, adder: MemoryWords) => ({
      mac: new WordMemory(mac.words),
      adder: new WordMemory(adder.words),
    });
    this.program = {
      mac: new WordMemory(programWords(programs.mac, 'mac')),
      adder: new WordMemory(programWords(programs.adder, 'adder')),
    };
    this.tables = both(constants.table, constants.table);
    this.weights = both(constants.macWeights, constants.adderWeights);
    this.parameters = both(constants.macParameters, constants.adderParameters);
    this.macTile = new WordMemory(new Array<bigint>(2 ** compiled.macTileBits).fill(0n));
    this.tile = Array.from(
      { length: array.inputs },
      () => new WordMemory(new Array<bigint>(2 ** compiled.tileBits).fill(0n)),
    );
    this.activations = { even: [...inWords(memory.even, array.lanes)], odd: [...inWords(memory.odd, array.lanes)] };
  }

  get halted(): boolean {
    return this.simulator.read('halted') === 1n;
  }

  /** One cycle. The first one is under reset. */
  step(): void {
    const { simulator, compiled } = this;
    const { lanes, inputs, adders } = compiled.array;
    const tileWidth = BigInt(8 * lanes);
    simulator.step({
      reset: this.cycle === 0 ? 1 : 0,
      mac_program_word: this.program.mac.word,
      mac_table_word: this.tables.mac.word,
      mac_weight_word: this.weights.mac.word,
      mac_parameter_word: this.parameters.mac.word,
      mac_tile_word: this.macTile.word,
      mac_even_word: this.ports.macEven,
      mac_odd_word: this.ports.macOdd,
      ...(adders > 0 && {
        adder_program_word: this.program.adder.word,
        adder_table_word: this.tables.adder.word,
        adder_weight_word: this.weights.adder.word,
        adder_parameter_word: this.parameters.adder.word,
        adder_tile_words: this.tile.reduce((sum, { word }, k) => sum | (word << (tileWidth * BigInt(k))), 0n),
        adder_even_word: this.ports.adderEven,
        adder_odd_word: this.ports.adderOdd,
      }),
    });
    this.cycle++;
    const read = (port: string) => simulator.read(port);
    const number = (port: string) => Number(read(port));
    for (const engine of adders > 0 ? (['mac', 'adder'] as const) : (['mac'] as const)) {
      this.program[engine].read(number(`${engine}_program_address`));
      this.tables[engine].read(number(`${engine}_table_address`));
      if (number(`${engine}_weight_read`)) this.weights[engine].read(number(`${engine}_weight_address`));
      if (number(`${engine}_parameter_read`)) this.parameters[engine].read(number(`${engine}_parameter_address`));
      const [even, odd] = [number(`${engine}_even_row`), number(`${engine}_odd_row`)];
      if (number(`${engine}_activation_read`)) {
        const own = engine === 'mac' ? (['macEven', 'macOdd'] as const) : (['adderEven', 'adderOdd'] as const);
        this.ports[own[0]] = this.activations.even[even] ?? 0n;
        this.ports[own[1]] = this.activations.odd[odd] ?? 0n;
      }
      if (number(`${engine}_activation_write`)) {
        const isOdd = number(`${engine}_write_odd`) === 1;
        const row = isOdd ? odd : even;
        const word = read(`${engine}_activation_data`);
        this.activations[isOdd ? 'odd' : 'even'][row] = word;
        this.writes.push(writeOf(row, isOdd, word));
      }
    }
    if (number('mac_tile_read')) this.macTile.read(number('mac_tile_read_address'));
    if (number('mac_tile_write'))
      (this.macTile.words as bigint[])[number('mac_tile_write_address')] = read('mac_tile_data');
    if (adders === 0) return;
    if (number('adder_tile_read')) {
      const rows = read('adder_tile_read_rows');
      const width = BigInt(compiled.tileBits);
      for (let k = 0; k < inputs; k++) this.tile[k]!.read(Number((rows >> (width * BigInt(k))) & (2n ** width - 1n)));
    }
    const enables = number('adder_tile_write');
    if (enables === 0) return;
    const [row, data] = [number('adder_tile_write_row'), read('adder_tile_data')];
    for (let k = 0; k < inputs; k++) if ((enables >> k) & 1) (this.tile[k]!.words as bigint[])[row] = data;
  }
}

/** How a write is compared. */
export const writeOf = (row: number, isOdd: boolean, word: bigint | Int8Array) =>
  `${row}.${isOdd ? 1 : 0} ${(typeof word === 'bigint' ? word : packBytes(word)).toString(16)}`;
