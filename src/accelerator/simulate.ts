/**
 * The cycle model: runs the programs of a compiled network over its memories, word for word what the hardware writes,
 * and says when. What it computes and how long it takes come apart, since time does not depend on data.
 */

import { type IntegerLayer, scoreOfSum } from '../integer/index.ts';
import { roundEven } from '../ops/arithmetic/numbers.ts';
import { takeTurn } from '../threads/turn.ts';
import type { CompiledNetwork, ParameterWord } from './compiled.ts';
import { unitOf } from './multipliers.ts';
import type { Access } from './order.ts';
import type { AdderInstruction, AdderStage, MacInstruction } from './program.ts';

/** A word that an engine writes to the activation memory. */
export interface Write {
  readonly layer: number;
  readonly image: number;
  /** Of the two banks. */
  readonly isOdd: boolean;
  readonly row: number;
  readonly word: Int8Array;
}

export interface Simulation {
  /** In the order of each engine. */
  readonly writes: { readonly mac: Write[]; readonly adder: Write[] };
  /** Integer sums of both engines, by their places in the scores of all images. */
  readonly scores: { readonly mac: Map<number, number>; readonly adder: Map<number, number> };
  /** The network's output for each image. */
  readonly outputs: Float32Array[];
}

export interface Memory {
  readonly even: Int8Array;
  readonly odd: Int8Array;
}

const { fround } = Math;
const clamp = (value: number, { lower, upper }: { lower: number; upper: number }) =>
  Math.min(Math.max(value, lower), upper);

/** Activation memories with the images in them: integers of planes [C, H, W]. */
export function loadImages(compiled: CompiledNetwork, images: readonly Int8Array[]): Memory {
  const { array, network, activationRows, imageRows, inputRows, inFlight, orders, slots } = compiled;
  const { lanes } = array;
  const memory = { even: new Int8Array(activationRows * lanes), odd: new Int8Array(activationRows * lanes) };
  const { tensor } = network.input;
  const order = orders[tensor.id]!;
  const pixels = tensor.height * tensor.width;
  const step = Math.ceil(order.groups / 2);
  for (const [image, planes] of images.entries()) {
    for (let channel = 0; channel < tensor.channels; channel++) {
      const base = inFlight * imageRows + image * inputRows + slots[tensor.id]![channel]! * step;
      for (const [place, pixel] of order.pixelAt.entries()) {
        if (pixel < 0) continue;
        const group = Math.floor(place / lanes);
        const bank = group % 2 === 0 ? memory.even : memory.odd;
        bank[(base + (group >> 1)) * lanes + (place % lanes)] = planes[channel * pixels + pixel]!;
      }
    }
  }
  return memory;
}

/** A ternary row as the engine reads it back from the words of its lists or trits: columns, and whether they are added. */
interface TernaryRow {
  readonly columns: Int32Array;
  readonly signs: Int8Array;
}

class Machine {
  readonly writes = { mac: [] as Write[], adder: [] as Write[] };
  readonly scores = { mac: new Map<number, number>(), adder: new Map<number, number>() };
  private readonly lanes: number;
  private readonly decoded = new Map<string, TernaryRow[]>();

  constructor(
    readonly compiled: CompiledNetwork,
    readonly memory: Memory,
    readonly records: boolean,
  ) {
    this.lanes = compiled.array.lanes;
  }

  /** Two neighbouring words, `shift` bytes on, into the lanes of the mask. */
  private read(x: Int8Array, at: number, base: number, access: Access, pad: number): void {
    const { lanes } = this;
    const { word, shift, mask, isStart } = access;
    const [first, second] = [this.bank(word), this.bank(word + 1)];
    const [a, b] = [(base + (word >> 1)) * lanes, (base + ((word + 1) >> 1)) * lanes];
    for (let lane = 0; lane < lanes; lane++) {
      if ((mask >> BigInt(lane)) & 1n) {
        const byte = shift + lane;
        x[at + lane] = byte < lanes ? (first[a + byte] ?? 0) : (second[b + byte - lanes] ?? 0);
      } else if (isStart) x[at + lane] = pad;
    }
  }

  private bank(word: number): Int8Array {
    return (word & 1) === 0 ? this.memory.even : this.memory.odd;
  }

  /** Words of a patch: for each channel the taps of one group. */
  private patch(i: MacInstruction | AdderInstruction, group: number, into: Int8Array): void {
    const { lanes } = this;
    if (!i.usesTable) {
      const bank = this.bank(group);
      for (let c = 0; c < i.channels; c++) {
        const at = (i.xBase + c * i.xStep + (group >> 1)) * lanes;
        into.set(bank.subarray(at, at + lanes), c * lanes);
      }
      return;
    }
    const first = i.tableBase + group * i.reads;
    let at = 0;
    const x = new Int8Array(lanes);
    for (let c = 0; c < i.channels; c++) {
      for (let r = 0; r < i.reads; r++) {
        const access = this.compiled.table[first + r]!;
        if (access.mask !== 0n || access.isStart) this.read(x, 0, i.xBase + c * i.xStep, access, i.pad);
        if (!access.isLast) continue;
        into.set(x, at);
        at += lanes;
      }
    }
  }

  private write(
    engine: 'mac' | 'adder',
    i: MacInstruction | AdderInstruction,
    group: number,
    offset: number,
    word: Int8Array,
  ): void {
    const row = i.yBase + (group >> 1) + offset;
    this.bank(group).set(word, row * this.lanes);
    if (this.records)
      this.writes[engine].push({ layer: i.layer, image: i.image, isOdd: group % 2 === 1, row, word: word.slice() });
  }

  runMac(i: MacInstruction): void {
    const { lanes } = this;
    const { macWeights, macParameters, array } = this.compiled;
    const { macs } = array;
    const words = i.isTaps ? i.words * i.channels : i.words;
    const patch = new Int8Array(words * lanes);
    const sums = new Int32Array(lanes);
    const word = new Int8Array(lanes);
    for (let group = 0; group < i.groups; group++) {
      this.patch(i, group, patch);
      for (let row = 0; row < i.rows; row++) {
        sums.fill(0);
        const [from, weights, stride] = i.isTaps
          ? [row * i.words, (i.weightBase + row * i.words) * macs, macs]
          : [0, (i.weightBase + Math.floor(row / macs) * i.words) * macs + (row % macs), macs];
        for (let w = 0; w < i.words; w++) {
          const weight = macWeights[weights + w * stride]!;
          if (weight === 0) continue;
          const at = (from + w) * lanes;
          for (let lane = 0; lane < lanes; lane++) sums[lane]! += weight * patch[at + lane]!;
        }
        const parameters = macParameters[i.parameterBase + row]!;
        if (i.isRaw) this.scores.mac.set(i.scoreBase + row, sums[0]! + parameters.bias);
        else {
          if (i.isAddition) addUp(sums, parameters, i, word);
          else requantize(sums, parameters, i, word);
          this.write('mac', i, group, parameters.offset, word);
        }
      }
    }
  }

  runAdder(i: AdderInstruction): void {
    const { lanes } = this;
    const { array } = this.compiled;
    const sets = array.inputs / array.copies;
    const taps = i.hiddenRow * sets;
    const patch = new Int8Array(Math.max(taps, 1) * lanes + lanes * array.inputs);
    const hidden = new Int8Array((i.second ? i.first.rows + array.inputs : 0) * lanes);
    const word = new Int8Array(lanes);
    for (let group = 0; group < i.groups; group++) {
      this.patch(i, group, patch);
      this.rows(i.first, patch, (row, parameters, sums) => {
        if (i.second) {
          requantize(sums, parameters, i.first, word);
          hidden.set(word, row * lanes);
        } else this.finish(i, i.first, group, row, parameters, sums, word);
      });
      if (i.second) {
        this.rows(i.second, hidden, (row, parameters, sums) =>
          this.finish(i, i.second!, group, row, parameters, sums, word),
        );
      }
    }
  }

  private finish(
    i: AdderInstruction,
    stage: AdderStage,
    group: number,
    row: number,
    parameters: ParameterWord,
    sums: Int32Array,
    word: Int8Array,
  ): void {
    if (i.isRaw) {
      this.scores.adder.set(i.scoreBase + row, sums[0]! + parameters.bias);
      return;
    }
    requantize(sums, parameters, stage, word);
    this.write('adder', i, group, parameters.offset, word);
  }

  private rows(
    stage: AdderStage,
    x: Int8Array,
    finish: (row: number, parameters: ParameterWord, sums: Int32Array) => void,
  ): void {
    const { lanes } = this;
    const sums = new Int32Array(lanes);
    for (const [row, { columns, signs }] of this.decode(stage).entries()) {
      sums.fill(0);
      for (const [n, column] of columns.entries()) {
        const at = column * lanes;
        if (signs[n]! > 0) for (let lane = 0; lane < lanes; lane++) sums[lane]! += x[at + lane]!;
        else for (let lane = 0; lane < lanes; lane++) sums[lane]! -= x[at + lane]!;
      }
      finish(row, this.compiled.adderParameters[stage.parameterBase + row]!, sums);
    }
  }

  private decode(stage: AdderStage): TernaryRow[] {
    const key = `${stage.weightBase} ${stage.rows}`;
    const known = this.decoded.get(key);
    if (known) return known;
    const rows = decodeRows(this.compiled, stage);
    this.decoded.set(key, rows);
    return rows;
  }
}

/** Reads the words of a stage as the list decoders, or trit decoders, do. */
export function decodeRows({ adderWeights, array }: CompiledNetwork, stage: AdderStage): TernaryRow[] {
  const { inputs, copies, gapBits, ternary, adders } = array;
  const rows: { columns: number[]; signs: number[] }[] = Array.from({ length: stage.rows }, () => ({
    columns: [],
    signs: [],
  }));
  let at = stage.weightBase;
  if (ternary === 'lists') {
    const sets = inputs / copies;
    const width = BigInt(gapBits + 1);
    const skip = 2 ** gapBits - 1;
    for (const row of rows) {
      const last = new Array<number>(inputs).fill(-1);
      for (let isLast = false; !isLast; at++) {
        const word = adderWeights[at]!;
        isLast = word >> (width * BigInt(inputs)) === 1n;
        for (let k = 0; k < inputs; k++) {
          const entry = Number((word >> (width * BigInt(k))) & (2n ** width - 1n));
          const gap = entry >> 1;
          last[k]! += gap === skip ? skip - 1 : gap;
          if (gap === 0 || gap === skip) continue;
          row.columns.push(last[k]! * sets + (k % sets));
          row.signs.push(entry & 1 ? -1 : 1);
        }
      }
    }
  } else {
    for (let block = 0; block < stage.rows; block += adders) {
      for (let i = 0; i < stage.words; i++, at++) {
        const word = adderWeights[at]!;
        for (let n = 0; n < adders * inputs; n++) {
          const row = rows[block + Math.floor(n / inputs)];
          const trit = ternary === 'trits' ? [0, 1, 0, -1][Number((word >> BigInt(2 * n)) & 3n)]! : fiveTrit(word, n);
          if (!row || trit === 0) continue;
          row.columns.push(i * inputs + (n % inputs));
          row.signs.push(trit);
        }
      }
    }
  }
  return rows.map(({ columns, signs }) => ({ columns: Int32Array.from(columns), signs: Int8Array.from(signs) }));
}

const fiveTrit = (word: bigint, n: number) =>
  (Math.floor(Number((word >> BigInt(8 * Math.floor(n / 5))) & 255n) / 3 ** (n % 5)) % 3) - 1;

interface Output {
  readonly zeroPoint: number;
  readonly lower: number;
  readonly upper: number;
}

/** The requantizer: as the runtime does it. */
function requantize(sums: Int32Array, parameters: ParameterWord, output: Output, word: Int8Array): void {
  const multiplier = parameters.mantissa / unitOf(parameters.shift);
  for (const [lane, sum] of sums.entries()) {
    word[lane] = clamp(roundEven(fround((sum + parameters.bias) * multiplier)) + output.zeroPoint, output);
  }
}

/** Two operands in one sum, 9 bits each. */
function addUp(sums: Int32Array, parameters: ParameterWord, i: MacInstruction, word: Int8Array): void {
  const unit = unitOf(parameters.shift);
  for (const [lane, sum] of sums.entries()) {
    const total = sum + parameters.bias;
    const a = ((total & 511) ^ 256) - 256;
    const b = (total - a) / 512;
    word[lane] = clamp(roundEven((a * parameters.mantissa + b * i.secondMantissa) / unit) + i.zeroPoint, i);
  }
}

export interface SimulationOptions {
  /** Whether writes are kept. Default: yes. */
  readonly records?: boolean;
  readonly hasScores?: boolean;
}

/** One instruction after the other. */
function* simulationSteps(
  compiled: CompiledNetwork,
  memory: Memory,
  options: SimulationOptions,
): Generator<undefined, Simulation> {
  const machine = new Machine(compiled, memory, options.records ?? true);
  const { mac, adder } = compiled;
  let [m, a] = [0, 0];
  while (m < mac.length || a < adder.length) {
    if (m < mac.length && mac[m]!.waitFor <= a) machine.runMac(mac[m++]!);
    else if (a < adder.length && adder[a]!.waitFor <= m) machine.runAdder(adder[a++]!);
    else throw new Error('internal: both engines wait');
    yield;
  }
  const images = options.hasScores === false ? 0 : compiled.array.images;
  const outputs = Array.from({ length: images }, (_, image) => scoresOf(compiled, machine, image));
  return { writes: machine.writes, scores: machine.scores, outputs };
}

/** Runs the programs; both engines' instructions in an order that their waits allow. */
export function simulate(compiled: CompiledNetwork, memory: Memory, options: SimulationOptions = {}): Simulation {
  const steps = simulationSteps(compiled, memory, options);
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
  }
}

/** `simulate`, which lets others in between instructions. Rejects with the signal's reason once it is aborted. */
export async function simulateInTurns(
  compiled: CompiledNetwork,
  memory: Memory,
  options: SimulationOptions & { readonly signal?: AbortSignal | undefined } = {},
): Promise<Simulation> {
  const steps = simulationSteps(compiled, memory, options);
  for (;;) {
    await takeTurn(options.signal);
    const { done, value } = steps.next();
    if (done) return value;
  }
}

/** What the host does: scores from sums, then layers of floats. */
function scoresOf(compiled: CompiledNetwork, machine: Machine, image: number): Float32Array {
  const { network } = compiled;
  const values = new Map<number, Float32Array>();
  for (const tensor of network.tensors)
    if (tensor.type === 'float32') values.set(tensor.id, new Float32Array(tensor.channels));
  for (const [index, layer] of network.layers.entries()) if (layer.y.tensor.type === 'float32') score(layer, index);
  return values.get(network.output.tensor.id) ?? new Float32Array();

  function score(layer: IntegerLayer, index: number): void {
    const y = values.get(layer.y.tensor.id)!;
    if (layer.kind === 'convolution' && layer.output.type === 'float32') {
      const base = layer.y.channel + image * compiled.scoreCount;
      const engine = compiled.tasks.find((task) => task.layer === index || task.name === layer.name)!.instruction
        .engine;
      for (let row = 0; row < layer.rows; row++) {
        y[layer.y.channel + row] = scoreOfSum(machine.scores[engine].get(base + row)!, row, layer.output);
      }
    } else if (layer.kind === 'channels') {
      const x = values.get(layer.x.tensor.id)!;
      for (const [i, from] of layer.indices.entries()) y[i] = x[from]!;
    } else if (layer.kind === 'softmax') {
      const x = values.get(layer.x.tensor.id)!;
      const most = x.reduce((m, v) => Math.max(m, v), -Infinity);
      const sum = x.reduce((s, v) => s + Math.exp(v - most), 0);
      for (const [i, v] of x.entries()) y[i] = Math.exp(v - most) / sum;
    }
  }
}
