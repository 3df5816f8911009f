/**
 * Networks whose batch is fixed, as PyTorch writes them by default (`[1, 3, 224, 224]`), take batches of any size:
 * 1. The first size of the input becomes a symbol.
 * 2. A Reshape to a constant shape that begins with the batch copies that size from its input instead.
 * Nothing changes unless all outputs then have the symbol where they had the number: a network that mixes its images, or
 * that writes the batch somewhere else, stays as it is.
 */

import { type Graph, i64, type Node, TritbankError } from '../ir/index.ts';
import { numbersOf } from '../ops/shape/contents.ts';
import { constantOf } from './channels.ts';
import { inferShapes } from './infer-shapes.ts';

/**
 * Rewrites in place, refreshing types; true when the batch was fixed and is not any more.
 *
 * @example
 * import { freeBatch, loadModel, normalizeNetwork } from 'tritbank/graph';
 *
 * const graph = normalizeNetwork(await loadModel('mobilenet.onnx'));
 * console.log(freeBatch(graph), graph.inputs[0]!.shape);
 */
export function freeBatch(graph: Graph): boolean {
  const batch = graph.inputs[0]?.type?.shape?.[0];
  if (graph.inputs.length !== 1 || typeof batch !== 'number') return false;
  const trial = inferShapes(graph.clone());
  if (trial.outputs.some(({ type }) => type?.shape?.[0] !== batch)) return false;
  const symbol = freshSymbol(trial);
  try {
    free(trial, batch, symbol);
  } catch (error) {
    // shapes that do not fit any more
    if (error instanceof TritbankError) return false;
    throw error;
  }
  if (trial.outputs.some(({ type }) => type?.shape?.[0] !== symbol)) return false;
  free(inferShapes(graph), batch, symbol);
  return true;
}

function freshSymbol(graph: Graph): string {
  const values = [...graph.inputs, ...graph.nodes.flatMap(({ outputs }) => outputs)];
  const taken = new Set(values.flatMap((value) => value?.type?.shape ?? []));
  let symbol = 'N';
  while (taken.has(symbol)) symbol += 'N';
  return symbol;
}

/** The shape of a Reshape, if it begins with the batch of its input. */
function targetOf(node: Node, batch: number): readonly number[] | undefined {
  if (node.op !== 'Reshape' || node.domain !== '' || node.int('allowzero', 0) !== 0) return undefined;
  const target = constantOf(node.inputs[1]) && numbersOf(node.inputs[1]);
  return target?.[0] === batch && node.input(0).type?.shape?.[0] === batch ? target : undefined;
}

function free(graph: Graph, batch: number, symbol: string): void {
  for (const node of graph.nodes) {
    const target = targetOf(node, batch);
    if (target) node.setInput(1, graph.initializer(`${node.name}_shape`, i64([0, ...target.slice(1)])));
  }
  const [input] = graph.inputs;
  input!.type = { ...input!.type!, shape: [symbol, ...input!.shape.slice(1)] };
  // what the file declares of its outputs is that of the fixed batch
  for (const output of graph.outputs) output.type = undefined;
  inferShapes(graph);
}
