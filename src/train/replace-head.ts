/** A classifier for other classes: the same network with a new last layer. */

import { classCountOf } from '../classifier/index.ts';
import { f32, type Graph, Random, reaches, TritbankError, type Value } from '../ir/index.ts';
import { metadataKeys } from '../onnx/metadata.ts';
import { inferShapes } from '../passes/index.ts';
import { findLayers, type Layer } from '../quantize/index.ts';

/** Small beside the usual deviation of 1 / sqrt(inputs): the first gradients are those of the body's features. */
const deviation = 0.1;

/**
 * Gives `graph`, a normalised network whose shapes are inferred, a last layer of `classes` filters with random weights and
 * no biases to speak of, in place; returns the names of its parameters. What the metadata say of the old classes goes.
 * E_MODEL where the scores are not those of one layer.
 */
export function replaceHead(graph: Graph, classes: number, seed: number): ReadonlySet<string> {
  const before = classCountOf(graph);
  const head = findLayers(graph).findLast(({ filters }) => filters === before);
  if (!head || !reachesOutput(head)) {
    const expected = `expected scores of one layer of ${before} filters`;
    throw new TritbankError('E_MODEL', `graph '${graph.name}'`, `${expected}, found none`);
  }
  const { node, inputs } = head;
  const width = inputs * head.kernel[0] * head.kernel[1];
  const random = new Random(seed, 'head');
  const values = Array.from({ length: classes * width }, () => (deviation * random.normal()) / Math.sqrt(width));
  const isTransposed = node.op === 'Gemm' && node.int('transB', 0) === 0;
  const dims =
    node.op === 'Conv' ? [classes, inputs, ...head.kernel] : isTransposed ? [width, classes] : [classes, width];
  const names = new Set<string>();
  const give = (index: number, suffix: string, shape: readonly number[], data: readonly number[]) => {
    const old = node.inputs[index];
    const value = graph.initializer(graph.freshName(`${node.name}_${suffix}`), f32(shape, data));
    node.setInput(index, value);
    if (old && old.uses.size === 0) graph.removeValue(old);
    names.add(value.name);
  };
  give(1, 'head_weight', dims, values);
  give(2, 'head_bias', [classes], Array<number>(classes).fill(0));
  for (const value of behind(head)) renameCount(graph, value, before, classes);
  for (const output of graph.outputs) output.type = undefined;
  for (const key of [metadataKeys.labels, metadataKeys.scores, metadataKeys.tritbank]) graph.metadata.delete(key);
  inferShapes(graph);
  if (classCountOf(graph) === classes) return names;
  const message = `expected scores of ${classes} classes behind '${node.name}', found ${classCountOf(graph)}`;
  throw new TritbankError('E_MODEL', `graph '${graph.name}'`, message);
}

const reachesOutput = ({ node }: Layer) =>
  reaches(
    node.output(),
    (value) =>
      value.graph.outputs.includes(value) || [...value.uses].flatMap((n) => n.outputs.filter((o) => o !== undefined)),
  );

/** The head's output and all that is computed of it. */
function behind({ node }: Layer): readonly Value[] {
  const found = new Set<Value>([node.output()]);
  for (const value of found) {
    for (const reader of value.uses) for (const output of reader.outputs) if (output) found.add(output);
  }
  return [...found];
}

/** Reshapes to the old number of classes. */
function renameCount(graph: Graph, value: Value, before: number, classes: number): void {
  for (const reader of value.uses) {
    const shape = reader.op === 'Reshape' ? reader.inputs[1]?.constant : undefined;
    if (!shape) continue;
    const data = BigInt64Array.from(shape.data as BigInt64Array, (d) => (d === BigInt(before) ? BigInt(classes) : d));
    reader.setInput(1, graph.initializer(graph.freshName(`${reader.name}_shape`), { ...shape, data }));
  }
}
