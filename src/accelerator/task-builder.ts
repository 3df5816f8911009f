/** What each kind of layer becomes: an instruction, and its words in the memories. */

import {
  type AdditionLayer,
  type ConvolutionLayer,
  type IntegerNetwork,
  type IntegerTensor,
  type MoveLayer,
  type PadLayer,
  type PoolLayer,
  readsOf,
  type TableLayer,
  type TensorPart,
} from '../integer/index.ts';
import { TritbankError } from '../ir/index.ts';
import type { ArrayParameters } from './array.ts';
import type { ParameterWord, Task } from './compiled.ts';
import { additionMultipliers, averageMultiplier, lineOfTable, mantissaOf } from './multipliers.ts';
import { type AccessTable, accessTable } from './order.ts';
import type { PixelOrders } from './pixel-orders.ts';
import type { AdderInstruction, AdderStage, MacInstruction } from './program.ts';
import { reachOf, sumRange } from './settle-rows.ts';
import type { Slots } from './slots.ts';
import { adderTimes, macTimes } from './timing.ts';
import { packTernary } from './weights.ts';

const onePixel = { kernel: [1, 1], strides: [1, 1], dilations: [1, 1], pads: [0, 0, 0, 0] } as const;

export const unsupported = (where: string, expected: string, found: string) =>
  new TritbankError('E_UNSUPPORTED', where, `expected ${expected}, found ${found}`);

const inverse = (order: Int32Array): Int32Array => {
  const result = new Int32Array(order.length);
  for (const [i, place] of order.entries()) result[place] = i;
  return result;
};

/** Collects the tasks of a network and the contents of the memories, layer by layer. */
export class TaskBuilder {
  readonly table: AccessTable['accesses'][number][] = [];
  readonly macWeights: number[] = [];
  readonly adderWeights: bigint[] = [];
  readonly macParameters: ParameterWord[] = [];
  readonly adderParameters: ParameterWord[] = [];
  readonly tasks: Task[] = [];
  private readonly tables = new Map<string, { base: number; table: AccessTable }>();
  macTileWords = 4;
  tileRows = 4;
  hasAdditions = false;

  constructor(
    readonly network: IntegerNetwork,
    readonly array: ArrayParameters,
    readonly orders: PixelOrders,
    readonly slots: Slots,
    readonly rows: ReadonlyMap<number, number>,
  ) {}

  private rowOf({ id }: IntegerTensor): number {
    return this.rows.get(id) ?? 0;
  }

  /** Rows from one channel to the next. */
  stepOf({ id }: IntegerTensor): number {
    return Math.ceil(this.orders[id]!.groups / 2);
  }

  private whole({ tensor, channel, channels }: TensorPart, where: string): IntegerTensor {
    if (channel === 0 && channels === tensor.channels) return tensor;
    throw unsupported(where, 'a layer that reads all channels of its input', `${channels} of ${tensor.channels}`);
  }

  /** The reads of a window; equal tables are stored once. */
  private access(window: ConvolutionLayer['window'], x: IntegerTensor, y: IntegerTensor) {
    const [from, to] = [this.orders[x.id]!, this.orders[y.id]!];
    const key = JSON.stringify([window, x.height, x.width, from.scale, y.height, y.width, to.scale]);
    const known = this.tables.get(key);
    if (known) return known;
    const table = accessTable(window, x, y, from, to, this.array.lanes);
    const made = { base: this.table.length, table };
    if (!table.isDirect) this.table.push(...table.accesses);
    this.tables.set(key, made);
    return made;
  }

  private parameters(layer: ConvolutionLayer, row: number, offset: number, bits: number): ParameterWord {
    const { output } = layer;
    if (output.type === 'float32') return { bias: 0, mantissa: 0, shift: 0, offset: 0 };
    const multiplier = output.multipliers[row]!;
    const found = mantissaOf(multiplier, this.array.multiplierBits);
    if (!found) {
      const expected = `a multiplier with a mantissa of ${this.array.multiplierBits} bits`;
      throw unsupported(`${layer.name}, filter ${row}`, expected, String(multiplier));
    }
    this.checkSums(layer, row, bits);
    return { bias: output.biases[row]!, ...found, offset };
  }

  /** Sums of any activations fit, with and without the bias. */
  private checkSums(layer: ConvolutionLayer, row: number, bits: number): void {
    const { output, name } = layer;
    const bias = output.type === 'int8' ? output.biases[row]! : 0;
    const reach = reachOf(sumRange(layer, row), bias);
    if (reach < 2 ** (bits - 1)) return;
    throw unsupported(`${name}, filter ${row}`, `sums of ${bits} bits`, `up to ${reach}`);
  }

  private common(x: IntegerTensor, y: TensorPart, access: { base: number; table: AccessTable }, layer: number) {
    const isRaw = y.tensor.type === 'float32';
    return {
      ...{ layer, image: 0, waitFor: 0, usesTable: !access.table.isDirect, isRaw },
      ...{ groups: this.orders[y.tensor.id]!.groups, reads: access.table.reads },
      ...{ xBase: this.rowOf(x), xStep: this.stepOf(x), yBase: isRaw ? 0 : this.rowOf(y.tensor) },
      ...{ tableBase: access.base, scoreBase: isRaw ? y.channel : 0 },
    };
  }

  private offsets(y: TensorPart): (row: number) => number {
    const step = this.stepOf(y.tensor);
    const slots = this.slots[y.tensor.id]!;
    return (row) => (y.tensor.type === 'float32' ? 0 : slots[y.channel + row]! * step);
  }

  private bounds(layer: ConvolutionLayer) {
    const { output } = layer;
    if (output.type === 'int8') return { zeroPoint: output.zeroPoint, lower: output.lower, upper: output.upper };
    const { tensor } = layer.y;
    if (tensor.height * tensor.width !== 1)
      throw unsupported(layer.name, 'scores of one pixel', `${tensor.height} x ${tensor.width}`);
    if (output.lower !== -Infinity || output.upper !== Infinity)
      throw unsupported(layer.name, 'scores without bounds', 'bounds');
    return { zeroPoint: 0, lower: -128, upper: 127 };
  }

  /** Columns of a weight matrix in the order of slots and taps. */
  private columnOrder(x: IntegerTensor, taps: number): Int32Array {
    const slots = this.slots[x.id]!;
    const columns = new Int32Array(x.channels * taps);
    for (const [channel, slot] of slots.entries()) {
      for (let tap = 0; tap < taps; tap++) columns[slot * taps + tap] = channel * taps + tap;
    }
    return columns;
  }

  private add(step: number, name: string, instruction: MacInstruction, operations: number): void;
  private add(
    step: number,
    name: string,
    instruction: AdderInstruction,
    operations: number,
    lengths: readonly [Int32Array, Int32Array?],
  ): void;
  private add(
    step: number,
    name: string,
    instruction: MacInstruction | AdderInstruction,
    operations: number,
    lengths?: readonly [Int32Array, Int32Array?],
  ): void {
    const { cycles } =
      instruction.engine === 'mac' ? macTimes(instruction, this.array) : adderTimes(instruction, lengths!, this.array);
    const layer = this.network.layers[instruction.layer]!;
    const readsInput = readsOf(layer).some(({ tensor }) => tensor === this.network.input.tensor);
    this.tasks.push({
      step,
      layer: instruction.layer,
      name,
      instruction,
      cycles,
      readsInput,
      operations,
      ...(lengths && { lengths }),
    });
  }

  /** Filters on the MACs. */
  filters(step: number, index: number, layer: ConvolutionLayer): void {
    const x = this.whole(layer.x, layer.name);
    const taps = layer.window.kernel[0] * layer.window.kernel[1];
    const access = this.access(layer.window, x, layer.y.tensor);
    const offsetOf = this.offsets(layer.y);
    const order = this.columnOrder(x, taps);
    const { macs, sumBits } = this.array;
    const common = this.common(x, layer.y, access, index);
    const [weightBase, parameterBase] = [this.macWeights.length / macs, this.macParameters.length];
    for (let block = 0; block < layer.rows; block += macs) {
      for (const column of order) {
        for (let row = block; row < block + macs; row++) {
          this.macWeights.push(row < layer.rows ? layer.weights.values[row * layer.columns + column]! : 0);
        }
      }
    }
    for (let row = 0; row < layer.rows; row++)
      this.macParameters.push(this.parameters(layer, row, offsetOf(row), sumBits));
    const words = x.channels * taps;
    this.macTileWords = Math.max(this.macTileWords, words);
    const own = { engine: 'mac', isTaps: false, isAddition: false, secondMantissa: 0 } as const;
    const instruction: MacInstruction = {
      ...common,
      ...own,
      ...this.bounds(layer),
      ...{ pad: layer.inputZeroPoint, rows: layer.rows, channels: x.channels, words, weightBase, parameterBase },
    };
    this.add(step, layer.name, instruction, layer.rows * layer.columns * layer.y.tensor.height * layer.y.tensor.width);
  }

  /** Rows of taps: `weights` and `parameters` of each channel, in the order of slots. */
  private taps(
    step: number,
    index: number,
    layer: { readonly name: string; readonly y: TensorPart },
    x: IntegerTensor,
    access: { base: number; table: AccessTable },
    rows: {
      readonly taps: number;
      readonly pad: number;
      readonly weight: (channel: number, tap: number) => number;
      readonly parameters: (channel: number, offset: number) => ParameterWord;
      readonly bounds: { readonly zeroPoint: number; readonly lower: number; readonly upper: number };
      readonly secondMantissa?: number;
      readonly operations: number;
      /** Rows, if not one for each channel. */
      readonly count?: number;
    },
  ): void {
    const { macs } = this.array;
    const offsetOf = this.offsets(layer.y);
    const common = this.common(x, layer.y, access, index);
    const [weightBase, parameterBase] = [this.macWeights.length / macs, this.macParameters.length];
    const count = rows.count ?? x.channels;
    for (const channel of inverse(this.slots[x.id]!).subarray(0, count)) {
      for (let tap = 0; tap < rows.taps; tap++) {
        this.macWeights.push(rows.weight(channel, tap));
        for (let i = 1; i < macs; i++) this.macWeights.push(0);
      }
      this.macParameters.push(rows.parameters(channel, offsetOf(channel)));
    }
    const own = { engine: 'mac', isTaps: true, isAddition: rows.secondMantissa !== undefined } as const;
    const instruction: MacInstruction = {
      ...common,
      ...own,
      ...rows.bounds,
      secondMantissa: rows.secondMantissa ?? 0,
      ...{ pad: rows.pad, rows: count, channels: count, words: rows.taps, weightBase, parameterBase },
    };
    this.add(step, layer.name, instruction, rows.operations);
  }

  depthwise(step: number, index: number, layer: ConvolutionLayer): void {
    const x = this.whole(layer.x, layer.name);
    const { columns, weights } = layer;
    if (layer.output.type !== 'int8') throw unsupported(layer.name, 'a depthwise layer of integers', 'scores');
    this.taps(step, index, layer, x, this.access(layer.window, x, layer.y.tensor), {
      taps: columns,
      pad: layer.inputZeroPoint,
      weight: (channel, tap) => weights.values[channel * columns + tap]!,
      parameters: (channel, offset) => this.parameters(layer, channel, offset, this.array.sumBits),
      bounds: this.bounds(layer),
      operations: layer.rows * columns * layer.y.tensor.height * layer.y.tensor.width,
    });
  }

  average(step: number, index: number, layer: PoolLayer): void {
    const { window, name } = layer;
    if (layer.method === 'maximum') throw unsupported(name, 'an average', 'a maximum');
    if (!layer.countPads && window.pads.some((pad) => pad !== 0)) {
      throw unsupported(name, 'an average over as many pixels everywhere', 'one without its pads');
    }
    const x = this.whole(layer.x, name);
    const taps = window.kernel[0] * window.kernel[1];
    const multiplier = averageMultiplier(layer, taps, this.array.multiplierBits);
    this.taps(step, index, layer, x, this.access(window, x, layer.y.tensor), {
      taps,
      pad: layer.inputZeroPoint,
      weight: () => 1,
      parameters: (_, offset) => ({ bias: -taps * layer.inputZeroPoint, ...multiplier, offset }),
      bounds: { zeroPoint: layer.zeroPoint, lower: -128, upper: 127 },
      operations: x.channels * taps * layer.y.tensor.height * layer.y.tensor.width,
    });
  }

  /** Pixels of x as they are, one in every stride. */
  move(step: number, index: number, layer: MoveLayer): void {
    const x = this.whole(layer.x, layer.name);
    const [channel, row, column] = layer.strides;
    const strides = [row / x.width, column] as const;
    const [top, left] = [Math.floor(layer.offset / x.width), layer.offset % x.width];
    const isPlain = channel === x.height * x.width && Number.isInteger(strides[0]) && top < x.height;
    if (!isPlain || layer.y.channels !== x.channels) {
      throw unsupported(layer.name, 'every channel of a tensor, its pixels in their order', 'other elements');
    }
    const window = { kernel: [1, 1], strides, dilations: [1, 1], pads: [-top, -left, 0, 0] } as const;
    this.copy(step, index, layer, x, this.access(window, x, layer.y.tensor));
  }

  /** Channels of one value beside those of x. */
  pad(step: number, index: number, layer: PadLayer): void {
    const x = this.whole(layer.x, layer.name);
    const { name, value } = layer;
    const { tensor, channel, channels } = layer.y;
    const [before, top, left] = layer.before;
    if (top !== 0 || left !== 0 || tensor.height !== x.height || tensor.width !== x.width) {
      throw unsupported(name, 'a border of channels', 'one of pixels');
    }
    const access = this.access(onePixel, x, tensor);
    const y = { tensor, channel: channel + before, channels: x.channels };
    this.copy(step, index, { name, y }, x, access);
    const missing = [
      [0, before],
      [before + x.channels, channels],
    ] as const;
    for (const [first, end] of missing) {
      for (let from = first; from < end; from += x.channels) {
        const count = Math.min(x.channels, end - from);
        const part = { tensor, channel: channel + from, channels: count };
        const places = this.offsets(part);
        let row = 0;
        this.taps(step, index, { name, y: part }, x, access, {
          ...{ taps: 1, pad: 0, weight: () => 0, operations: 0, count },
          parameters: () => ({ bias: 0, mantissa: 0, shift: 0, offset: places(row++) }),
          bounds: { zeroPoint: value, lower: -128, upper: 127 },
        });
      }
    }
  }

  private copy(
    step: number,
    index: number,
    layer: { readonly name: string; readonly y: TensorPart },
    x: IntegerTensor,
    access: { base: number; table: AccessTable },
  ): void {
    const one = mantissaOf(1, this.array.multiplierBits)!;
    this.taps(step, index, layer, x, access, {
      ...{ taps: 1, pad: 0, weight: () => 1, operations: 0 },
      parameters: (_, offset) => ({ bias: 0, ...one, offset }),
      bounds: { zeroPoint: 0, lower: -128, upper: 127 },
    });
  }

  /** A change of scale. */
  scaling(step: number, index: number, layer: TableLayer): void {
    const x = this.whole(layer.x, layer.name);
    const { zeroPoint, ...line } = lineOfTable(layer, this.array.multiplierBits);
    this.taps(step, index, layer, x, this.access(onePixel, x, layer.y.tensor), {
      ...{ taps: 1, pad: 0, weight: () => 1, parameters: (_, offset) => ({ ...line, offset }), operations: 0 },
      bounds: { zeroPoint, lower: -128, upper: 127 },
    });
  }

  /** a once, b 64 times eight: 9 bits each in one sum. */
  addition(step: number, index: number, layer: AdditionLayer): void {
    const [a, b] = [this.whole(layer.a, layer.name), this.whole(layer.b, layer.name)];
    const [slotsA, slotsB] = [this.slots[a.id]!, this.slots[b.id]!];
    if (slotsA.some((slot, c) => slot !== slotsB[c]))
      throw new Error('internal: operands of an addition lie in other slots');
    const groups = this.orders[layer.y.tensor.id]!.groups;
    const { lanes } = this.array;
    const mask = (1n << BigInt(lanes)) - 1n;
    const distance = 2 * (this.rowOf(b) - this.rowOf(a));
    const repeats = 8;
    const base = this.table.length;
    for (let group = 0; group < groups; group++) {
      for (let tap = 0; tap <= repeats; tap++) {
        const word = group + (tap === 0 ? 0 : distance);
        this.table.push({ word, shift: 0, mask, isStart: true, isLast: true });
      }
    }
    const table: AccessTable = { reads: repeats + 1, accesses: [], isDirect: false };
    const { mantissas, shift } = additionMultipliers(layer, this.array.multiplierBits);
    const [zeroA, zeroB, zeroPoint] = layer.zeroPoints;
    this.hasAdditions = true;
    this.taps(
      step,
      index,
      layer,
      a,
      { base, table },
      {
        taps: repeats + 1,
        pad: 0,
        weight: (_, tap) => (tap === 0 ? 1 : 64),
        parameters: (_, offset) => ({ bias: -(zeroA + 512 * zeroB), mantissa: mantissas[0], shift, offset }),
        bounds: { zeroPoint, lower: layer.lower, upper: layer.upper },
        secondMantissa: mantissas[1],
        operations: 0,
      },
    );
  }

  /** One ternary matrix, or Wb and Wc. */
  ternary(step: number, index: number, layer: ConvolutionLayer, second: ConvolutionLayer | undefined): void {
    const x = this.whole(layer.x, layer.name);
    const last = second ?? layer;
    const taps = layer.window.kernel[0] * layer.window.kernel[1];
    const access = this.access(layer.window, x, layer.y.tensor);
    const sets = this.array.inputs / this.array.copies;
    const hiddenRow = Math.ceil((x.channels * taps) / sets);
    this.tileRows = Math.max(this.tileRows, hiddenRow + (second ? Math.ceil(layer.rows / sets) : 0));
    const hiddenOrder = second && this.slots[layer.y.tensor.id]!;
    const first = this.stage(
      layer,
      this.columnOrder(x, taps),
      hiddenOrder && inverse(hiddenOrder),
      second ? () => 0 : this.offsets(layer.y),
    );
    const then = second && this.stage(second, inverse(hiddenOrder!), undefined, this.offsets(second.y));
    const pixels = last.y.tensor.height * last.y.tensor.width;
    const instruction: AdderInstruction = {
      ...this.common(x, last.y, access, index),
      ...{ engine: 'adder', first: first.stage, hiddenRow, pad: layer.inputZeroPoint, channels: x.channels },
      ...(then && { second: then.stage }),
    };
    this.add(
      step,
      last.name,
      instruction,
      (first.additions + (then?.additions ?? 0)) * pixels,
      then ? [first.lengths, then.lengths] : [first.lengths],
    );
  }

  /** `rowOrder`: the filter at each place, where rows go into the tile. */
  private stage(
    layer: ConvolutionLayer,
    columns: Int32Array,
    rowOrder: Int32Array | undefined,
    offsetOf: (row: number) => number,
  ) {
    const { rows, weights } = layer;
    const values = new Int8Array(rows * columns.length);
    const [weightBase, parameterBase] = [this.adderWeights.length, this.adderParameters.length];
    for (let place = 0; place < rows; place++) {
      const row = rowOrder?.[place] ?? place;
      for (const [slot, column] of columns.entries())
        values[place * columns.length + slot] = weights.values[row * layer.columns + column]!;
      this.adderParameters.push(this.parameters(layer, row, offsetOf(row), this.array.adderSumBits));
    }
    const packed = packTernary({ rows, columns: columns.length, values }, this.array);
    for (const word of packed.words) this.adderWeights.push(word);
    const stage: AdderStage = { rows, words: packed.lengths[0]!, weightBase, parameterBase, ...this.bounds(layer) };
    return { stage, lengths: packed.lengths, additions: packed.additions };
  }
}
