/**
 * Which layers of a network can become filter banks, and why the others cannot. `findLayers` knows the layers that rewriting
 * understands; here are also those that it passes over (weights that are computed, transposed convolutions, products of
 * more than two dimensions), so that nothing with weights goes unmentioned. Meant for networks that `normalizeNetwork` has
 * been through.
 */

import {
  countTernary,
  elementCount,
  type Graph,
  isTernary,
  type Node,
  type Tensor,
  TritbankError,
} from '../ir/index.ts';
import { traitsOf } from '../ops/index.ts';
import { findBanks, findLayers, type Layer, type LayerKind } from '../quantize/index.ts';

/** A node that multiplies by weights. */
export interface ExaminedLayer {
  readonly node: Node;
  readonly kind: LayerKind | 'other';
  /** Undefined where the weights' shape is not known. */
  readonly filters: number | undefined;
  /** Input channels that each filter sees. */
  readonly inputs: number | undefined;
  readonly kernel: readonly number[];
  readonly groups: number;
  /** The layer as rewriting sees it; undefined for one that it passes over. */
  readonly layer?: Layer;
  /** Why its filters cannot be compressed; undefined for a candidate. */
  readonly reason?: string;
}

/** Fewer filters, or weights of a filter, than this have nothing to share. */
const fewest = 4;

/** All nodes with weights, in execution order. */
export function examineLayers(graph: Graph): ExaminedLayer[] {
  const layers = new Map(findLayers(graph).map((layer) => [layer.node, layer]));
  const inBanks = new Set(findBanks(graph).map(({ fullPrecision }) => fullPrecision?.node));
  return graph.nodes.flatMap((node): ExaminedLayer[] => {
    const layer = layers.get(node);
    if (!layer) return passedOver(node);
    const reason = inBanks.has(node) ? 'full-precision part of a filter bank' : reasonAgainst(layer);
    const { kind, filters, inputs, kernel } = layer;
    const groups = node.op === 'Conv' ? node.int('group', 1) : 1;
    return [{ node, kind, filters, inputs, kernel, groups, layer, ...(reason !== undefined && { reason }) }];
  });
}

/** The layers whose filters can be compressed, in execution order. */
export function findCandidates(graph: Graph): Layer[] {
  return examineLayers(graph).flatMap(({ layer, reason }) => (layer && reason === undefined ? [layer] : []));
}

/**
 * The same for a network that is going to be compressed: E_MODEL where no layer can be, or where a weight is NaN or
 * infinite, in whichever layer.
 */
export function requireCandidates(graph: Graph): Layer[] {
  const [broken] = findBroken(graph);
  if (broken) {
    const { node, weight, count } = broken;
    const message = `expected finite weights, found ${count} in '${weight}' that are NaN or infinite`;
    throw new TritbankError('E_MODEL', node.label, message);
  }
  const examined = examineLayers(graph);
  const found = examined.flatMap(({ layer, reason }) => (layer && reason === undefined ? [layer] : []));
  if (found.length > 0) return found;
  const reasons = [...new Set(examined.map(({ reason }) => reason))].join('; ');
  const detail = examined.length > 0 ? `none among ${examined.length} (${reasons})` : 'none with weights';
  throw new TritbankError(
    'E_MODEL',
    `graph '${graph.name}'`,
    `expected layers that can be compressed, found ${detail}`,
  );
}

/** Weights that no arithmetic survives. */
export interface BrokenWeight {
  readonly node: Node;
  /** Name of the initializer. */
  readonly weight: string;
  /** How many of its values are NaN or infinite. */
  readonly count: number;
}

/** All float32 weights, biases and statistics with values that are not finite. */
export function findBroken(graph: Graph): BrokenWeight[] {
  return graph.nodes
    .filter((node) => traitsOf(node).hasWeights)
    .flatMap((node) =>
      node.inputs.flatMap((input): BrokenWeight[] => {
        const count = input?.constant ? countBroken(input.constant) : 0;
        return input && count > 0 ? [{ node, weight: input.name, count }] : [];
      }),
    );
}

function countBroken({ dtype, data }: Tensor): number {
  if (dtype !== 'float32') return 0;
  let count = 0;
  for (const value of data as Float32Array) if (!Number.isFinite(value)) count++;
  return count;
}

function reasonAgainst({ node, kind, weight, filters, inputs, kernel }: Layer): string | undefined {
  const tensor = weight.constant!;
  if (tensor.dtype !== 'float32') return `weights are ${tensor.dtype}, not float32`;
  const broken = countBroken(tensor);
  if (broken > 0) return `${broken} weights are NaN or infinite`;
  const groups = node.op === 'Conv' ? node.int('group', 1) : 1;
  if (kind === 'depthwise' || (groups > 1 && inputs === 1)) {
    return 'one input channel per filter: nothing to share between filters';
  }
  if (groups > 1) return `${groups} groups: filters of different groups have no inputs to share`;
  if (node.op === 'Gemm' && (node.int('transA', 0) || node.float('alpha', 1) !== 1 || node.float('beta', 1) !== 1)) {
    return 'a Gemm with transA, alpha or beta';
  }
  if (isTernary(tensor)) return isZero(tensor) ? 'all weights are zero' : 'weights already ternary';
  const others = [...weight.uses].filter((other) => other !== node);
  if (others.length > 0) return `weights shared with ${others.map((other) => `'${other.name}'`).join(', ')}`;
  if (node.graph.outputs.includes(weight)) return 'weights are an output of the model';
  if (filters < fewest) return `fewer than ${fewest} filters`;
  if (inputs * elementCount(kernel) < fewest) return `fewer than ${fewest} weights a filter`;
  return undefined;
}

function isZero(tensor: Tensor): boolean {
  const { minus, plus } = countTernary(tensor);
  return minus + plus === 0;
}

/** What `findLayers` does not take: a list of one, or of none for a node without weights. */
function passedOver(node: Node): ExaminedLayer[] {
  if (node.domain !== '') return [];
  const shape = node.inputs[1]?.type?.shape?.map((d) => (typeof d === 'number' ? d : undefined)) ?? [];
  const groups = node.op === 'Gemm' || node.op === 'MatMul' ? 1 : node.int('group', 1);
  const kernel = shape.slice(2).filter((d) => d !== undefined);
  const [first, second] = shape;
  const other = { node, kind: 'other', groups } as const;
  switch (node.op) {
    case 'Conv': {
      const axes = (node.inputs[0]?.type?.shape?.length ?? 4) - 2;
      const reason = isConstant(node) && axes !== 2 ? `a convolution over ${axes} axes, not 2` : notConstant(node);
      return [{ ...other, filters: first, inputs: second, kernel, reason }];
    }
    case 'ConvTranspose': {
      const filters = second === undefined ? undefined : second * groups;
      const inputs = first === undefined ? undefined : first / groups;
      return [{ ...other, filters, inputs, kernel, reason: 'a transposed convolution' }];
    }
    case 'Gemm': {
      const [filters, inputs] = node.int('transB', 0) ? [first, second] : [second, first];
      return [{ ...other, filters, inputs, kernel: [1, 1], reason: notConstant(node) }];
    }
    case 'MatMul': {
      // a product of two activations has no weights
      if (!isConstant(node)) return [];
      const dtype = node.inputs.find((input) => input?.constant)?.constant?.dtype;
      const form = 'a MatMul that is not of the form x W with matrices x and W';
      const reason = dtype === 'float32' ? form : `weights are ${dtype}, not float32`;
      return [{ ...other, filters: shape.at(-1), inputs: shape.at(-2), kernel: [1, 1], reason }];
    }
    default:
      return [];
  }
}

const isConstant = (node: Node) => node.inputs.slice(0, 2).some((input) => input?.constant !== undefined);

function notConstant(node: Node): string {
  const producer = node.inputs[1]?.producer;
  return `weights are not constant: ${producer ? `${producer.op} computes them` : 'an input has them'}`;
}
