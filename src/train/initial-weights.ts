/**
 * Training that begins with the weights of another run: of the same architecture, whose maps may have been smaller (images
 * of fewer pixels, a larger output stride), so that the long first part of a training is done where steps are quick.
 */

import { mostFileBytes, readBounded } from '../files/index.ts';
import { type Graph, type Tensor, TritbankError } from '../ir/index.ts';
import { decodeSafetensors } from './safetensors.ts';

/** Averaged weights come first, where a checkpoint has both. */
const suffixes = ['/ema', ''] as const;

/**
 * Puts the values of a run's `best.safetensors` or `checkpoint.safetensors` into `graph`, in place: all of its float
 * initializers of rank 1 and more. E_FILE for a file that cannot be read, E_FORMAT for a damaged one, E_MODEL for one
 * without a weight of the network, or with one of another shape.
 */
export function loadInitialWeights(graph: Graph, path: string): void {
  const { tensors } = decodeSafetensors(readBounded(path, { mostBytes: mostFileBytes }), path);
  for (const value of graph.initializers) {
    if (value.dtype !== 'float32' || value.shape.length === 0) continue;
    const found = findValue(tensors, value.name);
    const shape = (dims: readonly number[]) => dims.join('x');
    if (found && shape(found.dims) === shape(value.dims)) {
      value.constant = found;
      continue;
    }
    const expected = `expected '${value.name}' of ${shape(value.dims)}, as the same architecture has it`;
    throw new TritbankError('E_MODEL', path, `${expected}, found ${found ? shape(found.dims) : 'none'}`);
  }
}

function findValue(tensors: ReadonlyMap<string, Tensor>, name: string): Tensor | undefined {
  return suffixes.map((suffix) => tensors.get(name + suffix)).find((tensor) => tensor !== undefined);
}
