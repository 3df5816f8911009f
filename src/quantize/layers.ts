/**
 * The layers of a classifier, as compression sees them: every convolution and Gemm with constant weights, classified by
 * its place and shape.
 */

import { type Graph, type Node, reaches, type Value } from '../ir/index.ts';
import { traitsOf } from '../ops/traits.ts';

export type LayerKind = 'first' | 'pointwise' | 'depthwise' | 'conv' | 'classifier';

export interface Layer {
  readonly name: string;
  readonly kind: LayerKind;
  readonly node: Node;
  /** The initializer with the weights. */
  readonly weight: Value;
  readonly filters: number;
  /** Input channels that each filter sees. */
  readonly inputs: number;
  /** Kernel height and width. */
  readonly kernel: readonly [number, number];
}

const passesThrough = (node: Node): boolean => {
  const { moves, softmax } = traitsOf(node);
  return moves !== undefined || softmax === true || ['Add', 'Dropout', 'Mul'].includes(node.op);
};

/** True when only shape changes, a bias, a scale or a softmax lie between this value and a graph output. */
function reachesOutput(value: Value): boolean {
  const returned = new Set(value.graph.outputs);
  return reaches(value, (v) => returned.has(v) || [...v.uses].filter(passesThrough).map((node) => node.output()));
}

function readsInput(node: Node): boolean {
  return reaches(node.input(0), (x) => {
    if (node.graph.inputs.includes(x)) return true;
    const { producer } = x;
    const goesOn = producer && producer.op !== 'Conv' && producer.inputs.some((i) => i && !i.constant);
    return goesOn ? [producer.input(0)] : false;
  });
}

function kindOf(node: Node, filters: number, perGroup: number, kernel: readonly number[]): LayerKind {
  if (reachesOutput(node.output())) return 'classifier';
  if (node.op === 'Gemm') return 'conv';
  const group = node.int('group', 1);
  if (group > 1) return perGroup === 1 && filters % group === 0 ? 'depthwise' : 'conv';
  if (readsInput(node)) return 'first';
  return kernel.every((k) => k === 1) ? 'pointwise' : 'conv';
}

/** Weights of a filter. */
export const fanIn = ({ inputs, kernel }: Layer): number => inputs * kernel[0] * kernel[1];

const isTransposed = ({ node }: Layer) => node.op === 'Gemm' && node.int('transB', 0) !== 1;

/** The layer's weights, a row per filter. */
export function weightRows(layer: Layer): Float32Array {
  const data = layer.weight.constant!.data as Float32Array;
  const { filters, inputs } = layer;
  if (!isTransposed(layer)) return data;
  return Float32Array.from(data, (_, at) => data[(at % inputs) * filters + Math.floor(at / inputs)]!);
}

/** The weights whose rows are `rows`, as the layer stores them. */
export function fromWeightRows(layer: Layer, rows: Float32Array): Float32Array {
  const { filters, inputs } = layer;
  if (!isTransposed(layer)) return rows;
  return Float32Array.from(rows, (_, at) => rows[(at % filters) * inputs + Math.floor(at / filters)]!);
}

/** The chosen rows of a matrix whose rows have `length` values. */
export function pickRows(matrix: Float32Array, length: number, rows: readonly number[]): Float32Array {
  const picked = new Float32Array(rows.length * length);
  for (const [i, row] of rows.entries()) picked.set(matrix.subarray(row * length, (row + 1) * length), i * length);
  return picked;
}

/**
 * All layers in execution order.
 *
 * @example
 * import { findLayers, loadModel, normalizeNetwork } from 'tritbank/graph';
 *
 * const graph = normalizeNetwork(await loadModel('mobilenet.onnx'));
 * for (const { name, kind, filters, inputs } of findLayers(graph)) console.log(name, kind, filters, inputs);
 */
export function findLayers(graph: Graph): Layer[] {
  const layers: Layer[] = [];
  for (const node of graph.nodes) {
    const weight = node.inputs[1];
    if ((node.op !== 'Conv' && node.op !== 'Gemm') || !weight?.constant) continue;
    const dims = weight.constant.dims;
    if (node.op === 'Gemm') {
      const [rows, columns] = node.int('transB', 0) ? [dims[0]!, dims[1]!] : [dims[1]!, dims[0]!];
      layers.push({
        name: node.name,
        kind: kindOf(node, rows, columns, [1, 1]),
        node,
        weight,
        filters: rows,
        inputs: columns,
        kernel: [1, 1],
      });
      continue;
    }
    if (dims.length !== 4) continue;
    const [filters, inputs, kh, kw] = dims as [number, number, number, number];
    const kind = kindOf(node, filters, inputs, [kh, kw]);
    layers.push({ name: node.name, kind, node, weight, filters, inputs, kernel: [kh, kw] });
  }
  return layers;
}
