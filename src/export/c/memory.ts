/** Where tensors and scratch lie in the arena. */

import type { IntegerNetwork, TensorPart } from '../../integer/index.ts';
import { align, placeBuffers } from '../../runtime/plan/arena.ts';
import { bufferOf, homesOf, type Member } from './homes.ts';
import type { Step } from './steps.ts';

export type Place =
  | { readonly kind: 'arena'; readonly offset: number }
  /** The caller's image or scores, from an element on. */
  | { readonly kind: 'input' | 'output'; readonly offset: number };

/** What lies in a part of the arena for some steps. */
export interface MemoryBlock {
  /** Of the step that writes it first. */
  readonly name: string;
  readonly kind: 'tensor' | 'scratch';
  readonly offset: number;
  readonly bytes: number;
  /** Steps, both included; a tensor that a step overwrites is not among those of that step. */
  readonly first: number;
  readonly last: number;
}

export interface Memory {
  readonly bytes: number;
  readonly place: (part: TensorPart) => Place;
  /** Offset of the scratch of each step. */
  readonly scratch: readonly number[];
  /** Tensors in the arena, which may lie over each other. */
  readonly tensors: readonly Member[];
  /** All of the arena, in the order of steps. */
  readonly blocks: readonly MemoryBlock[];
}

/** Of words, which kernels read two of at once. */
const alignment = 8;

/** The largest piece of the arena that no tensor takes while a step runs, by the step's name. */
export function freeBytes(steps: readonly Step[], { tensors, bytes: end }: Memory): Map<string, number> {
  const largest = (i: number) => {
    const living = tensors.filter(({ first, last }) => first <= i && i <= last).sort((a, b) => a.offset - b.offset);
    let [most, from] = [0, 0];
    for (const { offset, bytes } of [...living, { offset: end, bytes: 0 }]) {
      most = Math.max(most, offset - from);
      from = Math.max(from, align(offset + bytes, alignment));
    }
    return most;
  };
  return new Map(steps.map(({ name }, i) => [name, largest(i)]));
}

/** The smaller one of the arenas with and without pointwise layers that overwrite what they read. */
export function planMemory(network: IntegerNetwork, steps: readonly Step[]): Memory {
  const [first, second] = [true, false].map((inPlace) => placeAll(network, steps, inPlace));
  return second!.bytes < first!.bytes ? second! : first!;
}

function placeAll(network: IntegerNetwork, steps: readonly Step[], inPlace: boolean): Memory {
  const { input, output } = network;
  const homes = homesOf(network, steps, inPlace);
  const buffers = homes.map(bufferOf);
  const scratch = steps.map(({ scratch: bytes }, i) => ({ bytes, first: i, last: i }));
  const own = scratch.filter(({ bytes }) => bytes > 0);
  const arena = placeBuffers([...buffers, ...own], alignment);
  const placed = homes.map((home, h) =>
    home.map((member) => ({ ...member, offset: arena.addresses.get(buffers[h]!)! + member.offset })),
  );
  const tensors = placed.flat();
  const addresses = new Map(tensors.map(({ tensor, offset }) => [tensor, offset]));
  const nameOf = (first: number) => steps[first]!.name;
  const blocks: MemoryBlock[] = [
    ...placed.flatMap((home) =>
      home.map(({ offset, bytes, first, last }, k) => {
        const until = home[k + 1] ? home[k + 1]!.first - 1 : last;
        return { name: nameOf(first), kind: 'tensor' as const, offset, bytes, first, last: until };
      }),
    ),
    ...own.map((buffer) => {
      return { name: nameOf(buffer.first), kind: 'scratch' as const, offset: arena.addresses.get(buffer)!, ...buffer };
    }),
  ];
  return {
    ...{ bytes: Math.max(arena.bytes, alignment), tensors },
    place: ({ tensor, channel }) => {
      const offset = channel * tensor.height * tensor.width;
      if (tensor === input.tensor) return { kind: 'input', offset };
      if (tensor === output.tensor) return { kind: 'output', offset };
      const address = addresses.get(tensor);
      if (address === undefined) throw new Error(`internal: tensor ${tensor.id} is never written`);
      return { kind: 'arena', offset: address + offset * (tensor.type === 'int8' ? 1 : 4) };
    },
    scratch: scratch.map((buffer) => arena.addresses.get(buffer) ?? 0),
    blocks: blocks.sort((a, b) => a.first - b.first || a.offset - b.offset),
  };
}
