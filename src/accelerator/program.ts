/** Instructions of both engines, and their words. The fields are those that `hardware/rtl` takes apart. */

interface Common {
  /** Number of the layer in the network, and of the image. */
  readonly layer: number;
  readonly image: number;
  /** Instructions of the other engine that have to be done before. */
  waitFor: number;
  readonly usesTable: boolean;
  readonly isRaw: boolean;
  /** What x is outside of the image. */
  readonly pad: number;
  readonly groups: number;
  readonly channels: number;
  /** Reads of the activation memory for each channel and group. */
  readonly reads: number;
  readonly xBase: number;
  readonly xStep: number;
  readonly yBase: number;
  readonly tableBase: number;
  readonly scoreBase: number;
}

export interface Bounds {
  readonly zeroPoint: number;
  readonly lower: number;
  readonly upper: number;
}

export interface MacInstruction extends Common, Bounds {
  readonly engine: 'mac';
  /** Every channel is a row of its own; else rows are filters over all channels. */
  readonly isTaps: boolean;
  readonly isAddition: boolean;
  /** Mantissa for the second operand of an addition. */
  readonly secondMantissa: number;
  readonly rows: number;
  /** Words of a patch in the tile. */
  readonly words: number;
  readonly weightBase: number;
  readonly parameterBase: number;
}

/** Rows of one ternary matrix. */
export interface AdderStage extends Bounds {
  readonly rows: number;
  /** Words of a block of dense rows. */
  readonly words: number;
  readonly weightBase: number;
  readonly parameterBase: number;
}

export interface AdderInstruction extends Common {
  readonly engine: 'adder';
  readonly first: AdderStage;
  readonly second?: AdderStage;
  /** Row of the tile's banks where hidden units begin. */
  readonly hiddenRow: number;
}

export const macWords = 6;
export const adderWords = 9;

/** Fields side by side, the first one lowest. */
function pack(...fields: readonly (readonly [value: number | boolean, bits: number])[]): bigint {
  let [word, at] = [0n, 0];
  for (const [value, bits] of fields) {
    word |= BigInt.asUintN(bits, BigInt(Number(value))) << BigInt(at);
    at += bits;
  }
  if (at > 64) throw new Error(`internal: ${at} bits in a word of 64`);
  return word;
}

function macInstructionWords(i: MacInstruction): bigint[] {
  return [
    pack(
      ...([
        [1, 2],
        [i.isTaps, 1],
        [i.usesTable, 1],
        [i.isRaw, 1],
        [i.isAddition, 1],
        [0, 2],
      ] as const),
      ...([
        [i.pad, 8],
        [i.zeroPoint, 8],
        [i.lower, 8],
        [i.upper, 8],
        [0, 8],
        [i.waitFor, 16],
      ] as const),
    ),
    pack([i.groups, 16], [i.rows, 16], [i.channels, 16], [i.words, 16]),
    pack([i.xBase, 32], [i.xStep, 16], [i.reads, 16]),
    pack([i.yBase, 32], [i.secondMantissa, 32]),
    pack([i.tableBase, 32], [i.weightBase, 32]),
    pack([i.parameterBase, 32], [i.scoreBase, 32]),
  ];
}

const none: AdderStage = { rows: 0, words: 0, weightBase: 0, parameterBase: 0, zeroPoint: 0, lower: 0, upper: 0 };

function adderInstructionWords(i: AdderInstruction): bigint[] {
  const second = i.second ?? none;
  return [
    pack(
      [1, 2],
      [i.second !== undefined, 1],
      [i.usesTable, 1],
      [i.isRaw, 1],
      [0, 3],
      [i.pad, 8],
      [0, 32],
      [i.waitFor, 16],
    ),
    pack([i.groups, 16], [i.first.rows, 16], [second.rows, 16], [i.channels, 16]),
    pack([i.xBase, 32], [i.xStep, 16], [i.reads, 16]),
    pack([i.yBase, 32], [0, 16], [i.hiddenRow, 16]),
    pack([i.tableBase, 32], [i.first.words, 16], [second.words, 16]),
    pack([i.first.weightBase, 32], [second.weightBase, 32]),
    pack([i.first.parameterBase, 32], [second.parameterBase, 32]),
    pack([i.scoreBase, 32]),
    pack(
      ...([
        [i.first.zeroPoint, 8],
        [i.first.lower, 8],
        [i.first.upper, 8],
      ] as const),
      ...([
        [second.zeroPoint, 8],
        [second.lower, 8],
        [second.upper, 8],
      ] as const),
    ),
  ];
}

/** A program: its instructions, and one that halts. */
export function programWords(
  instructions: readonly (MacInstruction | AdderInstruction)[],
  engine: 'mac' | 'adder',
): bigint[] {
  const halt = new Array<bigint>(engine === 'mac' ? macWords : adderWords).fill(0n);
  return [
    ...instructions.flatMap((i) => (i.engine === 'mac' ? macInstructionWords(i) : adderInstructionWords(i))),
    ...halt,
  ];
}
