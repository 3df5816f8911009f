/**
 * Brings what stands between the last convolution and the classifier to one form, `GlobalAveragePool` and `Flatten`:
 * 1. ReduceMean over all pixels is GlobalAveragePool, without `keepdims` and a Flatten; ReduceMax likewise.
 * 2. ReduceMean over the columns and then over the rows (or the other way round) is one over both.
 * 3. AveragePool with a kernel of the whole image is GlobalAveragePool; MaxPool likewise.
 * 4. Reshape and Squeeze to a matrix with one row per image are Flatten, also where the shape is computed.
 */

import { type Graph, i64, int, type Node, type Value } from '../../ir/index.ts';
import { product } from '../../ops/shape/dims.ts';
import { reducedAxes } from '../../ops/shape/reduce.ts';
import { soleReader } from '../channels.ts';
import { inferShapes } from '../infer-shapes.ts';
import { removeDead } from '../remove-dead.ts';
import { replaceNode } from '../replace.ts';

const globalPools: Readonly<Record<string, string>> = {
  AveragePool: 'GlobalAveragePool',
  MaxPool: 'GlobalMaxPool',
  ReduceMax: 'GlobalMaxPool',
  ReduceMean: 'GlobalAveragePool',
};

/** Rewrites in place, refreshing types; true when something changed. */
export function unifyPools(graph: Graph): boolean {
  inferShapes(graph);
  let changed = false;
  while (sweep(graph)) {
    removeDead(graph);
    changed = true;
  }
  return changed;
}

function sweep(graph: Graph): boolean {
  const rules = [mergeReductions, reduceToPool, poolToGlobal, reshapeToFlatten];
  return [...graph.nodes].filter((node) => node.domain === '' && rules.some((rule) => rule(node))).length > 0;
}

/** The axes that a ReduceMean or ReduceMax takes together, or undefined. */
function axesOf(node: Node | undefined): readonly number[] | undefined {
  if (node?.domain !== '' || (node.op !== 'ReduceMean' && node.op !== 'ReduceMax')) return undefined;
  const rank = node.input(0).type?.shape?.length;
  return rank === undefined ? undefined : reducedAxes(node, rank);
}

const keeps = (node: Node) => node.int('keepdims', 1) === 1;

function mergeReductions(node: Node): boolean {
  const first = node.inputs[0]?.producer;
  const [inner, outer] = [axesOf(first), axesOf(node)];
  if (!first || first.op !== node.op || !inner || !outer || keeps(first) !== keeps(node)) return false;
  if (soleReader(first.output()) !== node) return false;
  const x = first.input(0);
  // without keepdims, the second one counts the axes that are left
  const left = x.shape.map((_, i) => i).filter((i) => keeps(node) || !inner.includes(i));
  const axes = [...new Set([...inner, ...outer.map((a) => left[a]!)])].sort((a, b) => a - b);
  const constant = node.graph.initializer(`${node.name}_axes`, i64(axes));
  replaceNode(node, { op: node.op, inputs: [x, constant], attributes: { keepdims: int(keeps(node) ? 1 : 0) } });
  return true;
}

const pixelsOf = (x: Value) => x.type?.shape?.slice(2);

function reduceToPool(node: Node): boolean {
  const axes = axesOf(node);
  const pixels = axes && pixelsOf(node.input(0));
  if (pixels?.length !== 2 || axes!.join() !== '2,3') return false;
  const pool = { op: globalPools[node.op]!, inputs: [node.input(0)], attributes: {} };
  if (keeps(node)) replaceNode(node, pool);
  else replaceNode(node, pool, (y, b) => b.op('Flatten', [y], { axis: int(1) }));
  return true;
}

function poolToGlobal(node: Node): boolean {
  if (node.op !== 'AveragePool' && node.op !== 'MaxPool') return false;
  const pixels = pixelsOf(node.input(0));
  const isWhole = pixels?.join() === node.ints('kernel_shape').join();
  const positions = pixelsOf(node.output());
  const isUnpadded = node.ints('pads', []).every((p) => p === 0) && !node.string('auto_pad', '').startsWith('SAME');
  const isPlain = isUnpadded && node.ints('dilations', [1]).every((d) => d === 1) && node.outputs.length === 1;
  if (!isWhole || !isPlain || positions?.some((d) => d !== 1)) return false;
  replaceNode(node, { op: globalPools[node.op]!, inputs: [node.input(0)], attributes: {} });
  return true;
}

function reshapeToFlatten(node: Node): boolean {
  if (node.op !== 'Reshape' && node.op !== 'Squeeze') return false;
  const [x, y] = [node.input(0), node.output().type?.shape];
  const dims = x.type?.shape;
  // a matrix stays a matrix; the batch may be of any size, but has to be the same before and after
  if (!dims || dims.length < 3 || y?.length !== 2 || y[0] !== dims[0]) return false;
  const features = product(dims.slice(1));
  if (typeof features !== 'number' || y[1] !== features) return false;
  replaceNode(node, { op: 'Flatten', inputs: [x], attributes: { axis: int(1) } });
  return true;
}
