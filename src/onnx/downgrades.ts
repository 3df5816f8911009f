/**
 * What opset 21 to 26 added to ONNX's operators and how the canonical opset 20 says it. Additions whose default is the
 * old behaviour are dropped at that default; other uses are refused.
 */

import { allocate, type Node, scalar } from '../ir/index.ts';
import { normalizeGroups } from './group-normalization.ts';
import { constantFor, guessDtype, insertBefore, replaceNode, setInput, takeAttribute, unsupported } from './rewrite.ts';
import { codeToDtype } from './types.ts';

function refuseOperator(since: number) {
  return (node: Node): never => {
    throw unsupported(node, 'an operator of opset 20', `one of opset ${since}`);
  };
}

/** Attributes that must have the given value, 0 when absent, and are then dropped. */
function dropDefault(node: Node, name: string): void {
  const value = node.int(name, 0);
  if (value !== 0) throw unsupported(node, `attribute ${name} 0`, value);
  takeAttribute(node, name);
}

/** `output_dtype` of opset 21 is opset 20's type of the zero point. */
function quantizeLinear(node: Node): void {
  dropDefault(node, 'block_size');
  dropDefault(node, 'precision');
  const code = node.int('output_dtype', 0);
  takeAttribute(node, 'output_dtype');
  const zero = node.inputs[2];
  const dtype = zero ? guessDtype(zero) : code === 0 ? 'uint8' : codeToDtype(code, node.label);
  if (dtype !== 'uint8' && dtype !== 'int8') throw unsupported(node, 'quantization to uint8 or int8', dtype);
  if (zero || dtype === 'uint8') return;
  const dims = node.input(1).constant?.dims;
  if (!dims) throw unsupported(node, 'a constant scale', `'${node.input(1).name}'`);
  const count = dims.reduce((n, d) => n * d, 1);
  setInput(node, 2, constantFor(node, 'zero_point', { dtype, dims, data: allocate(dtype, count) }));
}

function dequantizeLinear(node: Node): void {
  dropDefault(node, 'block_size');
  const code = node.int('output_dtype', 0);
  takeAttribute(node, 'output_dtype');
  const scale = guessDtype(node.input(1));
  if (code !== 0 && codeToDtype(code, node.label) !== scale) {
    throw unsupported(node, `the output type of the scale, ${scale}`, codeToDtype(code, node.label));
  }
  const dtype = guessDtype(node.input(0));
  if (dtype === 'uint16' || dtype === 'int16') throw unsupported(node, 'quantization of 8 or 32 bits', dtype);
}

/** x sigmoid(alpha x) */
function swish(node: Node): void {
  const x = node.input(0);
  const alpha = node.float('alpha', 1);
  const inner = alpha === 1 ? x : insertBefore(node, 'Mul', [x, constantFor(node, 'alpha', scalar(alpha))]).output();
  const gate = insertBefore(node, 'Sigmoid', [inner]).output();
  replaceNode(node, [insertBefore(node, 'Mul', [x, gate]).output()]);
}

/** `round_mode` is of types that no graph here has. */
function cast(node: Node): void {
  takeAttribute(node, 'round_mode');
}

/** Rewrites of nodes from files newer than opset 20. */
export const downgrades: ReadonlyMap<string, (node: Node) => void> = new Map<string, (node: Node) => void>([
  ['Attention', refuseOperator(23)],
  ['BitCast', refuseOperator(26)],
  ['Cast', cast],
  ['CumProd', refuseOperator(26)],
  ['DequantizeLinear', dequantizeLinear],
  ['GroupNormalization', normalizeGroups('channel')],
  ['QuantizeLinear', quantizeLinear],
  ['RMSNormalization', refuseOperator(23)],
  ['RotaryEmbedding', refuseOperator(23)],
  ['Swish', swish],
  ['TensorScatter', refuseOperator(24)],
]);
