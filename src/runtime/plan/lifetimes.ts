/**
 * What is placed already, by the time in which it lives: who lives at the same time as something, and how high memory is
 * in use then. Two segment trees over the positions of layers, so that each question costs the logarithm of their number
 * and what it finds.
 */

export interface Placed {
  /** Addresses. */
  readonly start: number;
  readonly end: number;
  /** Positions of the first and the last layer, both included. */
  readonly first: number;
  readonly last: number;
}

export class Lifetimes {
  /** Leaves; node 1 is the root, 2 n and 2 n + 1 are below n. */
  private readonly size: number;
  /** At the nodes that together cover its life, each thing that lives then. */
  private readonly living: Placed[][] = [];
  /** Things by the leaf of their first position, and how many of them are below each node. */
  private readonly starting: Placed[][] = [];
  private readonly counts: Int32Array;
  /** The highest end of what covers a node, and of what is anywhere below it. */
  private readonly covers: Float64Array;
  private readonly below: Float64Array;

  /** For positions from `low` to `high`. */
  constructor(
    private readonly low: number,
    high: number,
  ) {
    this.size = 2 ** Math.ceil(Math.log2(Math.max(2, high - low + 1)));
    this.counts = new Int32Array(2 * this.size);
    this.covers = new Float64Array(2 * this.size);
    this.below = new Float64Array(2 * this.size);
  }

  add(placed: Placed): void {
    const leaf = this.leaf(placed.first);
    append(this.starting, leaf, placed);
    for (let node = leaf; node >= 1; node >>= 1) this.counts[node]!++;
    for (const node of this.coverOf(placed.first, placed.last)) {
      append(this.living, node, placed);
      this.covers[node] = Math.max(this.covers[node]!, placed.end);
      for (let up = node; up >= 1; up >>= 1) this.below[up] = Math.max(this.below[up]!, placed.end);
    }
  }

  /** All that live at some time from `first` to `last`; undefined where they are more than `atMost`. */
  overlapping(first: number, last: number, atMost: number): Placed[] | undefined {
    const found: Placed[] = [];
    // those that live at `first`, and those that begin later
    for (let node = this.leaf(first); node >= 1; node >>= 1) {
      const living = this.living[node] ?? [];
      if (found.length + living.length > atMost) return undefined;
      found.push(...living);
    }
    if (last === first) return found;
    const nodes = this.coverOf(first + 1, last);
    if (nodes.reduce((sum, node) => sum + this.counts[node]!, found.length) > atMost) return undefined;
    for (let node = nodes.pop(); node !== undefined; node = nodes.pop()) {
      if (this.counts[node] === 0) continue;
      if (node >= this.size) found.push(...(this.starting[node] ?? []));
      else nodes.push(2 * node, 2 * node + 1);
    }
    return found;
  }

  /** The highest end of what lives at some time from `first` to `last`; 0 where nothing does. */
  top(first: number, last: number): number {
    let top = 0;
    for (const node of this.coverOf(first, last)) top = Math.max(top, this.below[node]!);
    for (const leaf of [this.leaf(first), this.leaf(last)]) {
      for (let node = leaf; node >= 1; node >>= 1) top = Math.max(top, this.covers[node]!);
    }
    return top;
  }

  private leaf(position: number): number {
    return this.size + position - this.low;
  }

  /** The fewest nodes whose leaves are the positions from `first` to `last`. */
  private coverOf(first: number, last: number): number[] {
    const nodes: number[] = [];
    let [from, to] = [this.leaf(first), this.leaf(last) + 1];
    for (; from < to; from >>= 1, to >>= 1) {
      if (from & 1) nodes.push(from++);
      if (to & 1) nodes.push(--to);
    }
    return nodes;
  }
}

function append(lists: Placed[][], index: number, placed: Placed): void {
  const list = lists[index];
  if (list) list.push(placed);
  else lists[index] = [placed];
}
