/**
 * Which tensors share memory: steps that overwrite what they read. A pointwise layer reads all channels of some pixels
 * before it writes any of them, so that its output may lie over its input, plane over plane; where a bank is written by
 * several steps, the last one writes over the input.
 */

import { type IntegerNetwork, type IntegerTensor, isPointwise, type TensorPart } from '../../integer/index.ts';
import type { Buffer } from '../../runtime/plan/arena.ts';
import type { Step } from './steps.ts';

export const bytesOf = ({ type, channels, height, width }: IntegerTensor): number =>
  channels * height * width * (type === 'int8' ? 1 : 4);

/** A tensor in a home. */
export interface Member {
  readonly tensor: IntegerTensor;
  /** From the home's beginning. */
  readonly offset: number;
  readonly bytes: number;
  /** Steps, both included. */
  readonly first: number;
  readonly last: number;
}

/** Members by their first step, each over the one before. */
export type Home = readonly Member[];

const isWhole = ({ channels, tensor }: TensorPart) => channels === tensor.channels;
const pixelsOf = ({ height, width }: IntegerTensor) => height * width;

/** The last step that reads or writes each tensor. */
function lastUses(steps: readonly Step[]): Map<IntegerTensor, number> {
  const last = new Map<IntegerTensor, number>();
  for (const [i, { reads, y }] of steps.entries()) for (const { tensor } of [...reads, y]) last.set(tensor, i);
  return last;
}

/** Where a tensor lies over another one that nobody reads later: its offset from the other's beginning. */
interface Overlay {
  readonly under: IntegerTensor;
  readonly offset: number;
}

/** A step that writes all of its output over one operand, which is as large at least. */
function wholeOverlay({ overwrites, reads, y }: Step, isFree: (tensor: IntegerTensor) => boolean): Overlay | undefined {
  if (!overwrites || !isWhole(y)) return undefined;
  const fits = (part: TensorPart) => isWhole(part) && isFree(part.tensor) && bytesOf(part.tensor) >= bytesOf(y.tensor);
  const operand = reads.find(fits);
  return operand && { under: operand.tensor, offset: 0 };
}

/** Pointwise layers of one operand, the last of which writes over it, and no other one does. */
function pointwiseOverlay(writers: readonly Step[], isFree: (tensor: IntegerTensor) => boolean): Overlay | undefined {
  const last = writers.at(-1)!;
  const [x] = last.reads;
  if (!x || !isFree(x.tensor) || last.y.tensor.type !== 'int8') return undefined;
  const reads = (step: Step) =>
    step.kind === 'convolution' &&
    isPointwise(step.layer) &&
    isWhole(step.reads[0]!) &&
    step.reads[0]!.tensor === x.tensor;
  if (!writers.every(reads)) return undefined;
  const apart = (from: number) =>
    writers.slice(0, -1).every(({ y }) => y.channel + y.channels <= from || from + x.channels <= y.channel);
  const { channel, channels } = last.y;
  // the operand's first channel among those of the output
  const from = [channel, channel + channels - x.channels].find(apart);
  return from === undefined ? undefined : { under: x.tensor, offset: -from * pixelsOf(x.tensor) };
}

/** Convolutions that add their output to a sum write it over the other operand. */
function sumOverlay(writers: readonly Step[], isFree: (tensor: IntegerTensor) => boolean): Overlay | undefined {
  if (!writers.every((step) => step.kind === 'convolution' && step.sum)) return undefined;
  const { tensor } = writers[0]!.reads[0]!;
  return isFree(tensor) ? { under: tensor, offset: 0 } : undefined;
}

/** Homes of all tensors but the image and the scores. Pointwise layers overwrite their operands if they are `inPlace`. */
export function homesOf({ input, output }: IntegerNetwork, steps: readonly Step[], inPlace: boolean): Home[] {
  const last = lastUses(steps);
  const homes: Member[][] = [];
  const homeOf = new Map<IntegerTensor, Member[]>();
  for (const [first, step] of steps.entries()) {
    const { tensor } = step.y;
    if (tensor === input.tensor || tensor === output.tensor || homeOf.has(tensor)) continue;
    const writers = steps.filter(({ y }) => y.tensor === tensor);
    const end = steps.lastIndexOf(writers.at(-1)!);
    const isFree = (operand: IntegerTensor) => homeOf.has(operand) && last.get(operand) === end;
    const overlay =
      sumOverlay(writers, isFree) ??
      (writers.length === 1 ? wholeOverlay(step, isFree) : undefined) ??
      (inPlace ? pointwiseOverlay(writers, isFree) : undefined);
    const home = (overlay && homeOf.get(overlay.under)) ?? [];
    if (!overlay) homes.push(home);
    const under = home.find((member) => member.tensor === overlay?.under);
    const offset = (under?.offset ?? 0) + (overlay?.offset ?? 0);
    home.push({ tensor, offset, bytes: bytesOf(tensor), first, last: last.get(tensor)! });
    homeOf.set(tensor, home);
  }
  return homes.map(fromZero);
}

/** Offsets from the lowest of them on. */
function fromZero(home: Home): Home {
  const least = Math.min(...home.map(({ offset }) => offset));
  return home.map((member) => ({ ...member, offset: member.offset - least }));
}

/** A home for the arena. */
export const bufferOf = (home: Home): Buffer => ({
  bytes: Math.max(...home.map(({ offset, bytes }) => offset + bytes)),
  first: Math.min(...home.map(({ first }) => first)),
  last: Math.max(...home.map(({ last }) => last)),
  parts: home,
});
