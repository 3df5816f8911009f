/** Networks that are ternary already: as float weights theirs would be lost in the first step. */

import { countedForm } from '../cost/index.ts';
import { countTernary, elementCount, type Graph, isTernary, TritbankError } from '../ir/index.ts';
import { findLayers, type Layer } from '../quantize/index.ts';

/** Fewer weights of -1, 0 and 1 may be a filter that finds edges, or a choice of channels. */
const fewest = 64;

function isCompressed({ weight }: Layer): boolean {
  const { constant } = weight;
  if (!constant || elementCount(constant.dims) < fewest || !isTernary(constant)) return false;
  const { minus, plus } = countTernary(constant);
  return minus > 0 && plus > 0;
}

/** E_UNSUPPORTED for a network with ternary layers, however its file stores them. */
export function refuseTernary(graph: Graph): void {
  const found = findLayers(countedForm(graph)).filter(isCompressed);
  if (found.length === 0) return;
  const message =
    `expected an uncompressed network, found ${found.length} ternary layers (first '${found[0]!.name}'), which training ` +
    'would make float again: train the network that it was compressed from, and compress afterwards';
  throw new TritbankError('E_UNSUPPORTED', `model '${graph.name}'`, message);
}
