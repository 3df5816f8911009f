/**
 * Brings products with a constant matrix to one form, `Gemm(x, W, c)` with `transB`: one row of W per filter, as in
 * convolutions.
 * 1. MatMul of a matrix `[N, inputs]` and a constant is Gemm. (A sum behind it is for `foldChannelOps`.)
 * 2. W is transposed where it has a column per filter.
 * 3. alpha goes into W, beta into the bias; a bias of one row, or of one value, becomes one value per filter.
 * Left out: MatMul of more than two dimensions, Gemm with transposed x, ternary W with an alpha, a bias that differs from
 * image to image.
 */

import { f32, type Graph, int, isTernary, type Node, type Tensor, type Value } from '../../ir/index.ts';
import { constantOf } from '../channels.ts';
import { inferShapes } from '../infer-shapes.ts';
import { removeDead } from '../remove-dead.ts';
import { replaceNode } from '../replace.ts';

/** Rewrites in place, refreshing types; true when something changed. */
export function unifyGemms(graph: Graph): boolean {
  inferShapes(graph);
  let changed = false;
  for (const node of [...graph.nodes]) {
    const gemm = fromMatMul(node) ?? node;
    if (gemm.op !== 'Gemm' || gemm.domain !== '') continue;
    const done = [gemm !== node, foldAlpha(gemm), flattenBias(gemm), putFiltersFirst(gemm)];
    if (done.some(Boolean)) changed = true;
  }
  if (changed) removeDead(graph);
  return changed;
}

const isMatrix = (value: Value) => value.type?.shape?.length === 2;

/** The float32 matrix that a node multiplies by, or undefined. */
function matrixOf(node: Node): Tensor<'float32'> | undefined {
  const tensor = constantOf(node.inputs[1]);
  return tensor?.dtype === 'float32' && tensor.dims.length === 2 ? (tensor as Tensor<'float32'>) : undefined;
}

function fromMatMul(node: Node): Node | undefined {
  if (node.op !== 'MatMul' || node.domain !== '' || !isMatrix(node.input(0)) || !matrixOf(node)) return undefined;
  return replaceNode(node, { op: 'Gemm', inputs: [...node.inputs], attributes: {} });
}

/** Gives input `slot` another constant: in its place if only this node reads it, else a new one. */
function setConstant(node: Node, slot: number, tensor: Tensor): void {
  const old = node.input(slot);
  const owned = old.uses.size === 1 && node.inputs.filter((i) => i === old).length === 1;
  if (owned && !node.graph.outputs.includes(old)) {
    old.constant = tensor;
    old.type = { dtype: tensor.dtype, shape: tensor.dims };
  } else {
    node.setInput(slot, node.graph.initializer(old.name, tensor));
  }
}

/** Beyond this, products of single weights by an alpha could overflow where the sum does not. */
const largestAlpha = 2 ** 32;

function foldAlpha(node: Node): boolean {
  const { alpha: _, ...rest } = node.attributes;
  const [alpha, w] = [node.float('alpha', 1), matrixOf(node)];
  if (!node.has('alpha') || (alpha !== 1 && (!w || isTernary(w) || !(Math.abs(alpha) <= largestAlpha)))) return false;
  if (alpha !== 1) {
    const data = w!.data.map((v) => v * alpha);
    setConstant(node, 1, f32(w!.dims, data));
  }
  node.attributes = rest;
  return true;
}

/** Also drops beta. */
function flattenBias(node: Node): boolean {
  const { beta: _, ...rest } = node.attributes;
  const [beta, bias] = [node.float('beta', 1), node.inputs[2]];
  if (!bias) {
    const had = node.has('beta');
    node.attributes = rest;
    return had;
  }
  const tensor = constantOf(bias);
  const filters = node.output().type?.shape?.[1];
  if (tensor?.dtype !== 'float32' || typeof filters !== 'number') return false;
  const isRow = tensor.dims.slice(0, -1).every((d) => d === 1) && tensor.dims.length <= 2;
  const isFlat = beta === 1 && tensor.dims.length === 1 && tensor.dims[0] === filters;
  if (!isRow || (isFlat && !node.has('beta'))) return false;
  const data = tensor.data as Float32Array;
  const values = Float32Array.from({ length: filters }, (_, i) =>
    beta === 0 ? 0 : beta * data[data.length === 1 ? 0 : i]!,
  );
  if (!isFlat) setConstant(node, 2, f32([filters], values));
  node.attributes = rest;
  return true;
}

function putFiltersFirst(node: Node): boolean {
  const w = matrixOf(node);
  if (!w || node.int('transB', 0) || node.int('transA', 0)) return false;
  const [inputs, filters] = w.dims as [number, number];
  const values = new Float32Array(w.data.length);
  for (let i = 0; i < inputs; i++) for (let f = 0; f < filters; f++) values[f * inputs + i] = w.data[i * filters + f]!;
  setConstant(node, 1, f32([filters, inputs], values));
  node.attributes = { ...node.attributes, transB: int(1) };
  return true;
}
