/**
 * The memory that a network's activations take at inference: at every node, the bytes of what it reads, of what it
 * writes, and of all else that is needed later. Buffers are reused as `ops/buffers.ts` allows:
 * 1. a view shares the bytes of its input;
 * 2. an elementwise operator overwrites an input whose bytes nobody reads later, under whatever name; the graph's input
 *    may be overwritten, too, and is free after its last reader;
 * 3. the inputs of a concatenation are produced straight into their place in its output, each in one concatenation only;
 *    constants, inputs of the graph, and what has its place elsewhere already, are copied.
 * The peak is the largest sum of live bytes, which no allocation can go below; left out are gaps between buffers, and
 * memory that operators use inside. Weights, and what can be computed from them beforehand, are no activations.
 */

import {
  bytesPerElement as bytesOfType,
  elementCount,
  type Graph,
  type Node,
  TritbankError,
  type Value,
} from '../ir/index.ts';
import { bufferUseOf, isFoldable, type KnownFoldable } from '../ops/index.ts';

export interface ActivationMemory {
  /** Largest sum of bytes that are alive at one node. */
  readonly peakBytes: number;
  /** Label of the first node at which it is reached; empty for a graph in which nothing runs. */
  readonly atNode: string;
  /** Bytes of the graph's inputs. */
  readonly inputBytes: number;
  /** Bytes of the graph's outputs. */
  readonly outputBytes: number;
}

/** Bytes that live and die together. */
interface Piece {
  readonly bytes: number;
  /** Positions of the first and the last node at which they are alive. */
  readonly start: number;
  end: number;
}

/** The memory of a value, and of those that share all of it: one piece, or those of a concatenation. */
interface Block {
  readonly pieces: readonly Piece[];
  /** Its address is decided: an input of the graph, or a part of a concatenation. */
  isPlaced: boolean;
}

/** Assigns blocks to values, node by node. */
class Planner {
  readonly pieces: Piece[] = [];
  private readonly nodes: readonly Node[];
  private readonly positions: ReadonlyMap<Node, number>;
  private readonly outputs: ReadonlySet<Value>;
  /** Constants have none. */
  private readonly blocks = new Map<Value, Block>();

  constructor(
    graph: Graph,
    nodes: readonly Node[],
    private readonly bytesOf: (value: Value) => number,
  ) {
    this.nodes = nodes;
    this.positions = new Map(nodes.map((node, at) => [node, at]));
    this.outputs = new Set(graph.outputs);
    for (const input of graph.inputs) {
      if (!input.constant) this.assign(input, { pieces: [this.piece(input, 0)], isPlaced: true }, 0);
    }
    for (const [at, node] of nodes.entries()) this.run(node, at);
  }

  private piece(value: Value, start: number): Piece {
    const piece = { bytes: this.bytesOf(value), start, end: start };
    this.pieces.push(piece);
    return piece;
  }

  private fresh(value: Value, at: number): Block {
    return { pieces: [this.piece(value, at)], isPlaced: false };
  }

  private assign(value: Value, block: Block, at: number): void {
    const readers = [...value.uses].map((node) => this.positions.get(node) ?? at);
    const end = this.outputs.has(value) ? this.nodes.length : Math.max(at, ...readers);
    for (const piece of block.pieces) piece.end = Math.max(piece.end, end);
    this.blocks.set(value, block);
  }

  private run(node: Node, at: number): void {
    for (const [i, output] of node.outputs.entries()) {
      if (!output) continue;
      const block = i === 0 ? this.blockOf(node, output, at) : this.fresh(output, at);
      if (block) this.assign(output, block, at);
    }
  }

  /** The block of output 0; undefined for a view of a constant. */
  private blockOf(node: Node, output: Value, at: number): Block | undefined {
    const use = bufferUseOf(node);
    if (use === 'view') return this.blocks.get(node.input(0));
    if (use === 'gather') return this.gather(node, at);
    const overwritten = use === 'in-place' ? this.overwritable(node, output, at) : undefined;
    return overwritten ?? this.fresh(output, at);
  }

  private gather(node: Node, at: number): Block {
    const pieces = node.inputs.flatMap((input) => {
      if (!input) return [];
      const block = this.blocks.get(input);
      if (!block || block.isPlaced) return [this.piece(input, at)];
      block.isPlaced = true;
      return block.pieces;
    });
    return { pieces, isPlaced: false };
  }

  /** The block of the first input that the output may overwrite. */
  private overwritable(node: Node, output: Value, at: number): Block | undefined {
    const size = elementCount(output.dims);
    const isWhole = (input: Value) => elementCount(input.dims) === size;
    const inputs = node.inputs.filter((input) => input !== undefined);
    // a broadcast operand is read again and again, so that no byte of it may be overwritten early
    const broadcast = inputs
      .filter((input) => !isWhole(input))
      .flatMap((input) => this.blocks.get(input)?.pieces ?? []);
    for (const input of inputs) {
      const block = this.blocks.get(input);
      if (!block || !isWhole(input) || input.dtype !== output.dtype) continue;
      if (block.pieces.every((piece) => piece.end <= at && !broadcast.includes(piece))) return block;
    }
    return undefined;
  }
}

/** The sum of live bytes at each of `count` nodes. */
function liveBytes(pieces: readonly Piece[], count: number): number[] {
  const changes = new Array<number>(count + 2).fill(0);
  for (const { bytes, start, end } of pieces) {
    changes[start]! += bytes;
    changes[end + 1]! -= bytes;
  }
  let live = 0;
  return changes.slice(0, count).map((change) => {
    live += change;
    return live;
  });
}

const sum = (values: Iterable<number>) => [...values].reduce((total, value) => total + value, 0);

/**
 * Measures an inference graph with fixed shapes; a float element takes `bytesPerElement` (above 0; 0.5 for 4 bits), one
 * of another type its own size, a string nothing. Operators outside the tables take fresh memory. Throws E_SHAPE for a
 * size that is not fixed, E_USAGE for bytes of 0 or less.
 */
export function measureActivations(graph: Graph, bytesPerElement: number): ActivationMemory {
  if (!(bytesPerElement > 0)) {
    throw new TritbankError('E_USAGE', 'bytes per element', `expected a number above 0, found ${bytesPerElement}`);
  }
  const bytesOf = ({ dims, dtype }: Value) =>
    Math.ceil(elementCount(dims) * (dtype.includes('float') ? bytesPerElement : bytesOfType(dtype)));
  const known: KnownFoldable = new Map();
  const nodes = graph.nodes.filter((node) => !isFoldable(node, known));
  const live = liveBytes(new Planner(graph, nodes, bytesOf).pieces, nodes.length);
  const inputBytes = sum(graph.inputs.filter((input) => !input.constant).map(bytesOf));
  const peakBytes = live.reduce((peak, bytes) => Math.max(peak, bytes), nodes.length === 0 ? inputBytes : 0);
  return {
    peakBytes,
    atNode: nodes[live.indexOf(peakBytes)]?.label ?? '',
    inputBytes,
    outputBytes: sum([...new Set(graph.outputs)].map(bytesOf)),
  };
}
