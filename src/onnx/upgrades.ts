/**
 * What changed in ONNX's operators between opset 7 and 20, one rewrite per change. A rule `[version, rewrite]` applies
 * to files older than `version`. Most changes turned an attribute into an input.
 */

import { f32, i64, int, type Node, scalar, str, TritbankError, type Value } from '../ir/index.ts';
import { normalizeGroups } from './group-normalization.ts';
import {
  constantFor,
  dropOutputs,
  guessDtype,
  guessRank,
  insertBefore,
  replaceNode,
  setAttribute,
  setInput,
  takeAttribute,
  unsupported,
} from './rewrite.ts';
import { dtypeToCode } from './types.ts';

type Rule = readonly [below: number, rewrite: (node: Node, from: number) => void];

/** An integer list that became input `index`. */
function intsToInput(name: string, index: number) {
  return (node: Node): void => {
    if (!node.has(name) || node.inputs[index]) return;
    setInput(node, index, constantFor(node, name, i64(node.ints(name))));
    takeAttribute(node, name);
  };
}

const axesToInput = intsToInput('axes', 1);

/** A float32 scalar in the element type of the node's data. */
function scalarLike(node: Node, input: string, value: number): Value {
  const constant = constantFor(node, input, scalar(value));
  const dtype = guessDtype(node.input(0));
  return dtype === 'float32'
    ? constant
    : insertBefore(node, 'Cast', [constant], { to: int(dtypeToCode(dtype)) }).output();
}

function clipBounds(node: Node): void {
  for (const [index, name] of [
    [1, 'min'],
    [2, 'max'],
  ] as const) {
    if (node.has(name)) setInput(node, index, scalarLike(node, name, node.float(name)));
    takeAttribute(node, name);
  }
}

function dropoutRatio(node: Node, from: number): void {
  const mask = node.outputs[1];
  if (from < 10 || (mask && mask.uses.size === 0 && !node.graph.outputs.includes(mask))) {
    dropOutputs(node, 1, 'the mask of Dropout was no boolean before opset 10');
  }
  const ratio = node.float('ratio', 0.5);
  takeAttribute(node, 'ratio');
  setInput(node, 1, constantFor(node, 'ratio', scalar(ratio)));
}

function padInputs(node: Node): void {
  intsToInput('pads', 1)(node);
  const value = node.float('value', 0);
  takeAttribute(node, 'value');
  if (value !== 0) setInput(node, 2, scalarLike(node, 'value', value));
}

function sliceInputs(node: Node): void {
  const starts = node.ints('starts');
  if (!node.has('axes')) setAttribute(node, 'axes', { kind: 'ints', value: starts.map((_, i) => i) });
  for (const [i, name] of ['starts', 'ends', 'axes'].entries()) intsToInput(name, i + 1)(node);
}

function topKInput(node: Node): void {
  setInput(node, 1, constantFor(node, 'k', i64([node.int('k')])));
  takeAttribute(node, 'k');
}

/** Equal parts: the count, which used to follow from the outputs, must be given. */
function splitCount(node: Node): void {
  if (!node.inputs[1]) setAttribute(node, 'num_outputs', int(node.outputs.length));
}

/**
 * Before opset 13 the operator worked on the matrix [d0 ... d(k-1), dk ... dn] for axis k, default 1; since then it
 * works along one axis. The two agree on the last axis. Elsewhere: flatten, work on rows, restore the shape.
 */
function coerceToRows(node: Node): void {
  const axis = node.int('axis', 1);
  const x = node.input(0);
  const rank = guessRank(x) ?? guessRank(node.output());
  setAttribute(node, 'axis', int(-1));
  if (axis === -1 || (rank !== undefined && axis === rank - 1)) return;
  const shape = insertBefore(node, 'Shape', [x]).output();
  const rows = insertBefore(node, 'Flatten', [x], { axis: int(axis) }).output();
  const y = insertBefore(node, node.op, [rows], node.attributes).output();
  replaceNode(node, [insertBefore(node, 'Reshape', [y, shape]).output()]);
}

/**
 * Outputs beside the first meant training mode, which has an attribute since; the saved statistics are not there any
 * more. `spatial` had one sensible value.
 */
function batchNormOutputs(node: Node): void {
  if (node.outputs.slice(1).some((output) => output)) setAttribute(node, 'training_mode', int(1));
  dropOutputs(node, 3, 'saved statistics of BatchNormalization before opset 14');
  if (node.has('spatial') && node.int('spatial') !== 1) throw unsupported(node, 'spatial 1', node.int('spatial'));
  takeAttribute(node, 'spatial');
}

function upsampleScales(node: Node): void {
  if (!node.has('scales') || node.inputs[1]) return;
  const scales = node.floats('scales');
  setInput(node, 1, constantFor(node, 'scales', f32([scales.length], scales)));
  takeAttribute(node, 'scales');
}

/** Upsample and the first Resize: x_in = floor(x_out / scale). */
const asymmetric = { coordinate_transformation_mode: str('asymmetric'), nearest_mode: str('floor') };

function upsampleToResize(node: Node): void {
  const inputs = [node.input(0), undefined, node.input(1)];
  replaceNode(node, [insertBefore(node, 'Resize', inputs, { ...node.attributes, ...asymmetric }).output()]);
}

function resizeInputs(node: Node): void {
  const scales = node.input(1);
  node.setInput(1, undefined);
  setInput(node, 2, scales);
  node.attributes = { ...node.attributes, ...asymmetric };
}

function scatterToElements(node: Node): void {
  replaceNode(node, [insertBefore(node, 'ScatterElements', node.inputs, node.attributes).output()]);
}

function castTarget(node: Node): void {
  const to = node.attributes.to;
  if (to?.kind !== 'string') return;
  const names = ['FLOAT', 'UINT8', 'INT8', 'UINT16', 'INT16', 'INT32', 'INT64', 'STRING', 'BOOL', 'FLOAT16', 'DOUBLE'];
  const code = names.indexOf(to.value) + 1;
  if (code === 0) throw new TritbankError('E_GRAPH', node.label, `expected a data type in 'to', found '${to.value}'`);
  setAttribute(node, 'to', int(code));
}

function gridSampleMode(node: Node): void {
  const mode = node.string('mode', 'bilinear').replace(/^bi(linear|cubic)$/, '$1');
  setAttribute(node, 'mode', str(mode));
}

function roiAlignMode(node: Node): void {
  if (!node.has('coordinate_transformation_mode')) {
    setAttribute(node, 'coordinate_transformation_mode', str('output_half_pixel'));
  }
}

function fourierAxis(node: Node): void {
  setInput(node, 2, constantFor(node, 'axis', i64([node.int('axis', 1)], [])));
  takeAttribute(node, 'axis');
}

const rowWise: readonly Rule[] = [[13, coerceToRows]];
const reduceAxes: readonly Rule[] = [[18, axesToInput]];

/** Rules per operator, oldest change first. */
export const upgrades: ReadonlyMap<string, readonly Rule[]> = new Map<string, readonly Rule[]>([
  ['BatchNormalization', [[14, batchNormOutputs]]],
  ['Cast', [[13, castTarget]]],
  ['Clip', [[11, clipBounds]]],
  ['DFT', [[20, fourierAxis]]],
  ['Dropout', [[12, dropoutRatio]]],
  ['GridSample', [[20, gridSampleMode]]],
  ['GroupNormalization', [[21, normalizeGroups('group')]]],
  ['Hardmax', rowWise],
  ['LogSoftmax', rowWise],
  ['Pad', [[11, padInputs]]],
  ['ReduceL1', reduceAxes],
  ['ReduceL2', reduceAxes],
  ['ReduceLogSum', reduceAxes],
  ['ReduceLogSumExp', reduceAxes],
  ['ReduceMax', reduceAxes],
  ['ReduceMean', reduceAxes],
  ['ReduceMin', reduceAxes],
  ['ReduceProd', reduceAxes],
  ['ReduceSum', [[13, axesToInput]]],
  ['ReduceSumSquare', reduceAxes],
  ['Resize', [[11, resizeInputs]]],
  ['RoiAlign', [[16, roiAlignMode]]],
  ['Scatter', [[11, scatterToElements]]],
  ['Slice', [[10, sliceInputs]]],
  ['Softmax', rowWise],
  [
    'Split',
    [
      [13, intsToInput('split', 1)],
      [18, splitCount],
    ],
  ],
  ['Squeeze', [[13, axesToInput]]],
  ['TopK', [[10, topKInput]]],
  ['Unsqueeze', [[13, axesToInput]]],
  [
    'Upsample',
    [
      [9, upsampleScales],
      [10, upsampleToResize],
    ],
  ],
]);
