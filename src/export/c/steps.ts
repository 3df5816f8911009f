/**
 * The layers of a network as calls of C kernels: hidden units and ternary filters of a bank become one, layers of one
 * pixel are fully connected, groups are convolutions one after the other.
 */

import {
  type AdditionLayer,
  type ChannelsLayer,
  type ConvolutionLayer,
  type DequantizeLayer,
  type IntegerLayer,
  type IntegerNetwork,
  isDepthwise,
  isPointwise,
  type MoveLayer,
  type PadLayer,
  type PoolLayer,
  poolDivisors,
  readsOf,
  type SoftmaxLayer,
  type TableLayer,
  type TensorPart,
} from '../../integer/index.ts';
import { TritbankError } from '../../ir/index.ts';
import { gappedPlanes } from './encode.ts';
import { connectedMatrix, type IntegerRows, integerRows, type Matrix, tiledMatrix } from './matrix.ts';
import { averageMultiplier, findAddition, type IntegerAddition, type IntegerMultiplier } from './multipliers.ts';
import type { Optimize } from './optimize.ts';
import { type Sum, sumsOf } from './sums.ts';

interface StepBase {
  readonly name: string;
  readonly reads: readonly TensorPart[];
  readonly y: TensorPart;
  /** Bytes of memory for its own use. */
  readonly scratch: number;
  /** y may lie where the first of `reads` is. */
  readonly overwrites: boolean;
}

export interface ConvolutionStep extends StepBase {
  readonly kind: 'convolution';
  /** Of the first matrix: its window and input. */
  readonly layer: ConvolutionLayer;
  readonly matrices: readonly { readonly matrix: Matrix; readonly rows: IntegerRows }[];
  readonly tiles: number;
  /** A sum that the output is added to: y is the sum, and lies over the other operand, the first of `reads`. */
  readonly sum?: { readonly layer: AdditionLayer; readonly integer?: IntegerAddition };
}

export interface DepthwiseStep extends StepBase {
  readonly kind: 'depthwise';
  readonly layer: ConvolutionLayer;
  readonly rows: IntegerRows;
}

export interface ConnectedStep extends StepBase {
  readonly kind: 'connected';
  readonly layer: ConvolutionLayer;
  readonly matrix: Matrix;
  readonly rows?: IntegerRows;
}

export interface PoolStep extends StepBase {
  readonly kind: 'pool';
  readonly layer: PoolLayer;
  readonly integer?: IntegerMultiplier;
}

export interface AdditionStep extends StepBase {
  readonly kind: 'addition';
  readonly layer: AdditionLayer;
  readonly integer?: IntegerAddition;
}

export interface PlainStep extends StepBase {
  readonly kind: 'table' | 'channels' | 'move' | 'pad' | 'dequantize' | 'softmax';
  readonly layer: TableLayer | ChannelsLayer | MoveLayer | PadLayer | DequantizeLayer | SoftmaxLayer;
}

export type Step = ConvolutionStep | DepthwiseStep | ConnectedStep | PoolStep | AdditionStep | PlainStep;

/** Tiles of weights that are decoded are computed together, as many as fit so many bytes at the most. */
const tileBytes = 12 * 1024;

/** How many tiles of so many columns are computed together, where memory allows: one, or pairs. */
export function tilesOf(columns: readonly number[], pixels: number, room: number): number {
  const bytes = columns.reduce((sum, n) => sum + 16 * gappedPlanes(n), 0);
  const most = Math.floor(Math.min(tileBytes, room) / bytes);
  return most < 2 || pixels <= 16 ? 1 : 2 * Math.floor(Math.min(2 * Math.ceil(pixels / 32), most) / 2);
}

/** What is taken for speed in any case. */
const leastBytes = 1024;

/** Scratch of int8 rows that are computed of so many fours of pixels at once: halves, and what is gathered under windows. */
export function denseBytes(columns: number, quads: number, isWindow: boolean): number {
  // vectors have 16 columns of bytes
  const bytes = Math.max(32 * Math.ceil(columns / 4), 64) * quads;
  return isWindow && quads > 2 ? 1.5 * bytes : bytes;
}

/** How many fours of pixels int8 rows are computed of at once, where memory allows. */
export function quadsOf(columns: number, pixels: number, isWindow: boolean, room: number): number {
  const most = [4, 3, 2].find((quads) => denseBytes(columns, quads, isWindow) <= Math.max(room, leastBytes)) ?? 1;
  return Math.min(most, Math.ceil(pixels / 4));
}

/** Memory that the scratch of a layer may take, by its name. */
export type Room = (layer: string) => number;

const pixelsOf = ({ tensor }: TensorPart) => tensor.height * tensor.width;
const isWhole = ({ channels, tensor }: TensorPart) => channels === tensor.channels;
const unsupported = (where: string, expected: string, found: string) =>
  new TritbankError('E_UNSUPPORTED', where, `expected ${expected}, found ${found}`);

/**
 * `room` bounds how many tiles are computed together; one always is. With `addsSums`, convolutions add their output to a
 * tensor where they can.
 */
export function stepsOf(
  network: IntegerNetwork,
  optimize: Optimize,
  { room = () => 0, addsSums = false }: { readonly room?: Room; readonly addsSums?: boolean } = {},
): Step[] {
  const steps: Step[] = [];
  const fused = hiddenLayers(network);
  const hiddenOf = new Map([...fused].map(([hidden, reader]) => [reader, hidden]));
  const sums = addsSums ? sumsOf(network, hiddenOf) : new Map<ConvolutionLayer, Sum>();
  const summed = new Set<string>([...sums.values()].map(({ layer }) => layer.name));
  for (const layer of network.layers) {
    if (fused.has(layer as ConvolutionLayer)) continue;
    if (layer.kind === 'convolution') {
      steps.push(...convolutionSteps(layer, { hidden: hiddenOf.get(layer), sum: sums.get(layer), optimize, room }));
    } else if (layer.kind !== 'addition' || !summed.has(layer.name)) {
      steps.push(plainStep(layer));
    }
  }
  return steps;
}

/** Hidden units that only the ternary filters of their bank read. */
function hiddenLayers({ layers, output }: IntegerNetwork): Map<ConvolutionLayer, ConvolutionLayer> {
  const found = new Map<ConvolutionLayer, ConvolutionLayer>();
  const isTernary = (layer: IntegerLayer): layer is ConvolutionLayer =>
    layer.kind === 'convolution' && layer.weights.kind === 'ternary' && layer.groups === 1 && pixelsOf(layer.y) > 1;
  for (const layer of layers) {
    if (!isTernary(layer) || !isWhole(layer.y) || layer.y.tensor === output.tensor) continue;
    const readers = layers.filter((other) => readsOf(other).some(({ tensor }) => tensor === layer.y.tensor));
    const [reader] = readers;
    if (readers.length !== 1 || !reader || !isTernary(reader) || !isPointwise(reader) || !isWhole(reader.x)) continue;
    if (layer.output.type !== 'int8' || reader.output.type !== 'int8' || found.has(reader)) continue;
    if ([...found.values()].includes(layer)) continue;
    found.set(layer, reader);
  }
  return found;
}

/** Whether the one output pixel sees all of x, in its order. */
function isConnected({ x, y, window, groups }: ConvolutionLayer): boolean {
  const { height, width } = x.tensor;
  const isAll = window.kernel[0] === height && window.kernel[1] === width;
  return pixelsOf(y) === 1 && groups === 1 && isAll && window.pads.every((pad) => pad === 0);
}

interface ConvolutionChoice {
  readonly hidden?: ConvolutionLayer | undefined;
  readonly sum?: Sum | undefined;
  readonly optimize: Optimize;
  readonly room: Room;
}

function convolutionSteps(layer: ConvolutionLayer, choice: ConvolutionChoice): Step[] {
  const { hidden, sum, optimize, room } = choice;
  const { name, x, y, output, groups } = layer;
  const base = { name, reads: [(hidden ?? layer).x], y, overwrites: false };
  if (isConnected(layer)) {
    const matrix = connectedMatrix(layer);
    const scratch = matrix.form === 'trits' && matrix.rows >= 128 ? 4 * matrix.rows + 512 : 0;
    const rows = output.type === 'int8' ? { rows: integerRows(layer, output) } : {};
    return [{ ...base, kind: 'connected', layer, matrix, scratch, ...rows }];
  }
  if (output.type !== 'int8') throw unsupported(name, 'scores of one pixel', `${pixelsOf(y)} pixels of floats`);
  if (isDepthwise(layer) || (groups > 1 && groups === x.channels)) {
    const overwrites = isWhole(x) && isWhole(y) && layer.rows === x.channels && pixelsOf(y) <= pixelsOf(x);
    return [
      { ...base, kind: 'depthwise', layer, rows: integerRows(layer, output), scratch: planeBytes(layer), overwrites },
    ];
  }
  if (groups > 1) return groupsOf(layer).flatMap((group) => convolutionSteps(group, { optimize, room }));
  const parts = hidden ? [hidden, layer] : [layer];
  // pixels that are added to a sum are in memory for a moment, as columns are
  const kept = [...parts.map(({ columns }) => columns), ...(sum ? [layer.rows] : [])];
  const most = tilesOf(kept, pixelsOf(y), room(name));
  const matrices = parts.map((part) => ({
    matrix: tiledMatrix(part, most, optimize),
    rows: integerRows(part, part.output as typeof output),
  }));
  const isDecoded = matrices.some(({ matrix }) => matrix.form === 'trits');
  const [{ matrix: first }] = matrices as [(typeof matrices)[number]];
  const own = {
    ...base,
    kind: 'convolution',
    layer: parts[0]!,
    matrices,
    ...(sum && summed(base.reads, sum)),
  } as const;
  const sumBytes = (pixels: number) => (sum ? 8 * Math.ceil((layer.rows * pixels) / 8) : 0);
  if (first.form === 'dense') {
    const isWindow = !isPointwise(layer);
    const quads = quadsOf(first.columns, pixelsOf(y), isWindow, room(name) - sumBytes(16));
    return [{ ...own, tiles: quads, scratch: sumBytes(4 * quads) + denseBytes(first.columns, quads, isWindow) }];
  }
  // vectors add planes of two tiles at once
  const tiles = isDecoded ? most : Math.min(2, most);
  const bytes = matrices.map(({ matrix: { columns } }) => 16 * gappedPlanes(columns));
  const rest = matrices.map(({ matrix: { form, columns } }) => (form === 'trits' ? columns + 32 : 0));
  const tileBytes = tiles * bytes.reduce((a, b) => a + b, 0);
  return [{ ...own, tiles, scratch: sumBytes(16 * tiles) + tileBytes + Math.max(...rest) }];
}

/** What becomes of a convolution that is added to a sum. */
function summed(reads: readonly TensorPart[], { layer, other, y }: Sum) {
  const integer = findAddition(layer);
  return {
    ...{ reads: [other, ...reads], y, overwrites: true },
    sum: { layer, ...(integer && { integer }) },
  };
}

/** A plane with its pads, as `tb_run_depthwise` lays it out. */
function planeBytes({ window, x, y }: ConvolutionLayer): number {
  const [pads, size, out] = [window.pads, x.tensor, y.tensor];
  const reach = (axis: 0 | 1, count: number) =>
    (count - 1) * window.strides[axis] + (window.kernel[axis] - 1) * window.dilations[axis] + 1;
  const pitch = (Math.max(reach(1, out.width), pads[1] + size.width) + 12) & ~3;
  const rows = Math.max(reach(0, out.height), pads[0] + size.height);
  // and a row of sums
  return rows * pitch + 16 * Math.ceil(out.width / 4) + 16;
}

/** Convolutions of a channel's group each. */
function groupsOf(layer: ConvolutionLayer): ConvolutionLayer[] {
  const { groups, rows, columns, weights, x, y, output } = layer;
  const [filters, channels] = [rows / groups, x.channels / groups];
  return Array.from({ length: groups }, (_, g) => {
    const own = { ...output, biases: output.biases.subarray(g * filters, (g + 1) * filters) };
    const multipliers = output.multipliers.subarray(g * filters, (g + 1) * filters);
    return {
      ...layer,
      name: `${layer.name}.${g}`,
      groups: 1,
      rows: filters,
      weights: {
        kind: weights.kind,
        values: weights.values.subarray(g * filters * columns, (g + 1) * filters * columns),
      },
      x: { tensor: x.tensor, channel: x.channel + g * channels, channels },
      y: { tensor: y.tensor, channel: y.channel + g * filters, channels: filters },
      output: { ...own, multipliers } as ConvolutionLayer['output'],
    };
  });
}

function plainStep(layer: Exclude<IntegerLayer, ConvolutionLayer>): Step {
  const { name, y } = layer;
  const base = { name, reads: readsOf(layer), y, scratch: 0, overwrites: false };
  switch (layer.kind) {
    case 'pool': {
      const divisors = new Set(poolDivisors(layer));
      const [n] = divisors;
      const integer = layer.method === 'average' && divisors.size === 1 ? averageMultiplier(layer, n!) : undefined;
      return { ...base, kind: 'pool', layer, ...(integer && { integer }) };
    }
    case 'addition': {
      const integer = findAddition(layer);
      return { ...base, kind: 'addition', layer, overwrites: true, ...(integer && { integer }) };
    }
    case 'table':
      return { ...base, kind: 'table', layer, overwrites: true };
    default:
      return { ...base, kind: layer.kind, layer };
  }
}
