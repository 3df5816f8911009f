/**
 * Brings a network whose file packs its weights, or has 8-bit activations, back to the float form that it was made from,
 * as far as layers, banks and counts go:
 * 1. What packs weights (tables of trits, float16, int8 with scales) is computed: constants take its place.
 * 2. Ternary weights are told apart from the scales of their filters (`lift-row-scales.ts`).
 * 3. Other weights and biases in integers become float.
 * 4. QuantizeLinear and DequantizeLinear of activations go (`drop-quantization.ts`).
 * 5. Behind them, scales of ternary filters move to where deployment puts them (`move-scales.ts`).
 * Values are those that the file has: what was rounded stays rounded. A network with neither is left as it is.
 * Left out: operators that compute in integers themselves (QLinearConv and the like).
 */

import { type Graph, type Node, reaches, type Value } from '../../ir/index.ts';
import { foldConstants } from '../fold-constants.ts';
import { inferShapes } from '../infer-shapes.ts';
import { moveScales } from '../move-scales.ts';
import { removeDead } from '../remove-dead.ts';
import { keepOutputNames } from '../replace.ts';
import { dropQuantization } from './drop-quantization.ts';
import { liftRowScales } from './lift-row-scales.ts';

/** What a network's activations are in its file. */
export type ActivationType = 'float' | 'int8';

/** Elements of a weight at most. */
const maxElements = 2 ** 26;

/** True for a value that is computed from constants alone. */
function isComputed(value: Value | undefined): boolean {
  const isVariable = (v: Value) => !v.producer || v.producer.inputs.length === 0;
  if (!value || isVariable(value)) return false;
  return !reaches(value, (v) => {
    if (isVariable(v)) return true;
    const isOpen = (input: Value | undefined) => input && (input.constant === undefined || input.producer);
    return v.producer!.inputs.filter((input): input is Value => Boolean(isOpen(input)));
  });
}

const hasPackedWeights = ({ op, domain, inputs }: Node) =>
  domain === '' && (op === 'Conv' || op === 'Gemm') && inputs.slice(1).some(isComputed);

/**
 * `int8` for a network that rounds activations to 8 bits somewhere.
 *
 * @example
 * import { activationTypeOf, loadModel } from 'tritbank/graph';
 *
 * console.log(activationTypeOf(await loadModel('small.onnx'))); // int8
 */
export function activationTypeOf(graph: Graph): ActivationType {
  const rounds = (node: Node) => node.op === 'QuantizeLinear' && node.domain === '' && !isComputed(node.output());
  return graph.nodes.some(rounds) ? 'int8' : 'float';
}

/**
 * Rewrites in place, refreshing types where it does; true when something changed. Inputs and outputs keep names, shapes
 * and element types. Throws E_SHAPE for operands that cannot fit.
 *
 * @example
 * import { activationTypeOf, findBanks, loadModel, unpackNetwork } from 'tritbank/graph';
 *
 * const graph = await loadModel('small.onnx');
 * unpackNetwork(graph);
 * console.log(activationTypeOf(graph), findBanks(graph).map(({ name }) => name)); // float, and the banks
 */
export function unpackNetwork(graph: Graph): boolean {
  const isInteger = activationTypeOf(graph) === 'int8';
  if (!isInteger && !graph.nodes.some(hasPackedWeights)) return false;
  const rewrites: readonly ((graph: Graph) => boolean)[] = [
    (g) => foldConstants(g, { maxElements, except: 'DequantizeLinear' }),
    liftRowScales,
    // products that nobody reads any more need no computing
    removeDead,
    (g) => foldConstants(g, { maxElements }),
    ...(isInteger ? [dropQuantization, moveScales] : []),
    removeDead,
  ];
  inferShapes(graph);
  const changed = keepOutputNames(graph, () => rewrites.filter((rewrite) => rewrite(graph)).length > 0);
  inferShapes(graph);
  return changed;
}
