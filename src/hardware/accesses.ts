/** How often an instruction uses each memory, for one image. */

import {
  type AdderInstruction,
  type AdderStage,
  type ArrayParameters,
  adderWords,
  type MacInstruction,
  macWords,
  type Task,
} from '../accelerator/index.ts';

/** Reads and writes of words; lanes of activations are one word. */
export interface Accesses {
  readonly activationReads: number;
  readonly activationWrites: number;
  readonly macTileReads: number;
  readonly macTileWrites: number;
  readonly tileReads: number;
  readonly tileWrites: number;
  readonly macWeights: number;
  readonly adderWeights: number;
  readonly macParameters: number;
  readonly adderParameters: number;
  readonly table: number;
  readonly programs: number;
}

const none: Accesses = {
  ...{ activationReads: 0, activationWrites: 0, macTileReads: 0, macTileWrites: 0, tileReads: 0, tileWrites: 0 },
  ...{ macWeights: 0, adderWeights: 0, macParameters: 0, adderParameters: 0, table: 0, programs: 0 },
};

/** Both banks of activations are read at once. */
const banks = 2;

function macAccesses(i: MacInstruction, macs: number): Accesses {
  const blocks = i.isTaps ? i.rows : Math.ceil(i.rows / macs);
  const stream = (i.isTaps ? i.rows : i.channels) * i.reads;
  return {
    ...none,
    activationReads: banks * stream * i.groups,
    activationWrites: i.isRaw ? 0 : i.rows * i.groups,
    macTileReads: i.isTaps ? 0 : i.words * (blocks - 1) * i.groups,
    macTileWrites: i.isTaps ? 0 : i.words * i.groups,
    macWeights: i.words * blocks * i.groups,
    macParameters: i.rows * i.groups,
    table: i.usesTable ? stream * i.groups : 0,
    programs: macWords,
  };
}

function adderAccesses(
  i: AdderInstruction,
  lengths: readonly [Int32Array, Int32Array?],
  { inputs, copies }: ArrayParameters,
): Accesses {
  const stream = i.channels * i.reads;
  const stages: readonly (AdderStage | undefined)[] = [i.first, i.second];
  const words = stages.reduce((sum, stage, s) => sum + (stage ? lengths[s]!.reduce((a, b) => a + b, 0) : 0), 0);
  const rows = stages.reduce((sum, stage) => sum + (stage?.rows ?? 0), 0);
  const tileWrites = (i.hiddenRow * inputs) / copies + (i.second ? i.first.rows : 0);
  return {
    ...none,
    activationReads: banks * stream * i.groups,
    activationWrites: i.isRaw ? 0 : (i.second ?? i.first).rows * i.groups,
    tileReads: words * inputs * i.groups,
    tileWrites: tileWrites * copies * i.groups,
    adderWeights: words * i.groups,
    adderParameters: rows * i.groups,
    table: i.usesTable ? stream * i.groups : 0,
    programs: adderWords,
  };
}

export const accessesOf = ({ instruction, lengths }: Task, array: ArrayParameters): Accesses =>
  instruction.engine === 'mac' ? macAccesses(instruction, array.macs) : adderAccesses(instruction, lengths!, array);

/** Of all tasks. */
export function sumAccesses(accesses: readonly Accesses[]): Accesses {
  const sum: { -readonly [K in keyof Accesses]: number } = { ...none };
  for (const one of accesses) for (const key of Object.keys(sum) as (keyof Accesses)[]) sum[key] += one[key];
  return sum;
}
