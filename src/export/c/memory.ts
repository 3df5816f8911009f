/** Where tensors and scratch lie in the arena. */

import type { IntegerNetwork, IntegerTensor, TensorPart } from '../../integer/index.ts';
import { type Buffer, placeBuffers } from '../../runtime/plan/arena.ts';
import type { Step } from './steps.ts';

export type Place =
  | { readonly kind: 'arena'; readonly offset: number }
  /** The caller's image or scores, from an element on. */
  | { readonly kind: 'input' | 'output'; readonly offset: number };

/** What lies in a part of the arena for some steps. */
export interface MemoryBlock {
  /** Of the step that writes it first. */
  readonly name: string;
  /** `tensor` also where a step overwrites its operand: one block has both. */
  readonly kind: 'tensor' | 'scratch';
  readonly offset: number;
  readonly bytes: number;
  /** Steps, both included. */
  readonly first: number;
  readonly last: number;
}

export interface Memory {
  readonly bytes: number;
  readonly place: (part: TensorPart) => Place;
  /** Offset of the scratch of each step. */
  readonly scratch: readonly number[];
  /** All of the arena, in the order of steps. */
  readonly blocks: readonly MemoryBlock[];
}

/** Of words, which kernels read two of at once. */
const alignment = 8;

export const bytesOf = ({ type, channels, height, width }: IntegerTensor): number =>
  channels * height * width * (type === 'int8' ? 1 : 4);

/** Homes of tensors, in the order of the steps that make them. */
function placeTensors(network: IntegerNetwork, steps: readonly Step[]) {
  const { input, output } = network;
  const isOutside = (tensor: IntegerTensor) => tensor === input.tensor || tensor === output.tensor;
  const last = new Map<IntegerTensor, number>();
  for (const [i, { reads, y }] of steps.entries()) {
    for (const { tensor } of [...reads, y]) last.set(tensor, i);
  }
  const homes = new Map<IntegerTensor, Buffer>();
  const buffers: Buffer[] = [];
  for (const [i, step] of steps.entries()) {
    const { tensor } = step.y;
    if (isOutside(tensor) || homes.has(tensor)) continue;
    const operand = step.overwrites && isWhole(step.y) ? freeOperand(step, i, last, isOutside) : undefined;
    const home = operand && homes.get(operand);
    if (home) {
      home.last = Math.max(home.last, last.get(tensor)!);
      homes.set(tensor, home);
      continue;
    }
    const buffer = { bytes: bytesOf(tensor), first: i, last: last.get(tensor)! };
    buffers.push(buffer);
    homes.set(tensor, buffer);
  }
  return { homes, buffers };
}

/** Of `total` bytes what no tensor takes while a step runs, by the step's name. */
export function freeBytes(network: IntegerNetwork, steps: readonly Step[], total: number): Map<string, number> {
  const { buffers } = placeTensors(network, steps);
  return new Map(
    steps.map(({ name }, i) => {
      const living = buffers.filter(({ first, last }) => first <= i && i <= last);
      return [name, total - living.reduce((sum, { bytes }) => sum + bytes + alignment, 0)];
    }),
  );
}

export function planMemory(network: IntegerNetwork, steps: readonly Step[]): Memory {
  const { input, output } = network;
  const { homes, buffers } = placeTensors(network, steps);
  const scratch = steps.map(({ scratch: bytes }, i) => ({ bytes: Math.max(bytes, 1), first: i, last: i }));
  const own = scratch.filter((_, i) => steps[i]!.scratch > 0);
  const arena = placeBuffers([...buffers, ...own], alignment);
  const block = (kind: MemoryBlock['kind']) => (buffer: Buffer) => {
    const { bytes, first, last } = buffer;
    return { name: steps[first]!.name, kind, offset: arena.addresses.get(buffer)!, bytes, first, last };
  };
  const blocks = [...buffers.map(block('tensor')), ...own.map(block('scratch'))];
  return {
    bytes: arena.bytes,
    place: ({ tensor, channel }) => {
      const offset = channel * tensor.height * tensor.width;
      if (tensor === input.tensor) return { kind: 'input', offset };
      if (tensor === output.tensor) return { kind: 'output', offset };
      const home = homes.get(tensor);
      if (!home) throw new Error(`internal: tensor ${tensor.id} is never written`);
      return { kind: 'arena', offset: arena.addresses.get(home)! + offset * (tensor.type === 'int8' ? 1 : 4) };
    },
    scratch: scratch.map((buffer) => arena.addresses.get(buffer) ?? 0),
    blocks: blocks.sort((a, b) => a.first - b.first || a.offset - b.offset),
  };
}

const isWhole = ({ channels, tensor }: TensorPart) => channels === tensor.channels;

/** A tensor that nobody reads after step i, and that is as large as the one it makes. */
function freeOperand(
  { reads, y }: Step,
  i: number,
  last: ReadonlyMap<IntegerTensor, number>,
  isOutside: (tensor: IntegerTensor) => boolean,
): IntegerTensor | undefined {
  const fits = (part: TensorPart) =>
    isWhole(part) &&
    !isOutside(part.tensor) &&
    last.get(part.tensor) === i &&
    bytesOf(part.tensor) >= bytesOf(y.tensor);
  return reads.find(fits)?.tensor;
}
