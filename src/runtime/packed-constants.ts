/**
 * Constants that files have several to a byte: a Gather in a table whose rows are what a byte stands for. Such a constant
 * is a tensor like all others, but its elements are unpacked whenever they are asked for, once for each plan, and are
 * nobody's memory in between. What stays packed on its way: casts of bytes to indices, reshapes, and the cut of the values
 * that fill up the last byte.
 */

import type { Node, Tensor } from '../ir/index.ts';
import { reshapedDims, sliceRanges } from '../ops/arithmetic/dims.ts';
import { cast } from '../ops/arithmetic/elementwise.ts';
import { misfit } from '../ops/arithmetic/errors.ts';
import { countOf, integersOf } from '../ops/arithmetic/numbers.ts';
import type { Operands } from '../ops/arithmetic/rule.ts';
import { PackedValues } from './kernels/packing.ts';

const packings = new WeakMap<Tensor, PackedValues>();
const indices = new WeakMap<Tensor, Uint8Array>();

/** ONNX's codes of element types that Gather takes. */
const indexTypes: readonly unknown[] = [6, 7];
const mostPerByte = 8;

/** The integers of a tensor that is packed. */
export const packedValuesOf = (tensor: Tensor): PackedValues | undefined => packings.get(tensor);

/**
 * What a node makes of constants, where it can stay packed. E_LIMIT, and E_SHAPE for shapes that do not fit; a byte without
 * a row is E_SHAPE when the values are asked for.
 */
export function keepPacked(node: Node, inputs: Operands): Tensor | undefined {
  const [first, second] = inputs;
  if (!first) return undefined;
  switch (node.op) {
    case 'Cast':
      return first.dtype === 'uint8' && indexTypes.includes(node.int('to')) ? castLater(node, first) : undefined;
    case 'Gather':
      return second && lookUpLater(node, first, second);
    case 'Reshape':
      return reshape(node, first, second);
    case 'Slice':
      return cut(node, first, inputs);
    default:
      return undefined;
  }
}

function castLater(node: Node, bytes: Tensor): Tensor {
  const to = node.int('to') === 6 ? 'int32' : 'int64';
  countOf(bytes.dims, node, to);
  const { dims } = bytes;
  const tensor: Tensor = {
    dtype: to,
    dims,
    get data() {
      return (cast(node, [bytes]) as Tensor).data as Int32Array;
    },
  };
  indices.set(tensor, bytes.data as Uint8Array);
  return tensor;
}

function lookUpLater(node: Node, table: Tensor, at: Tensor): Tensor | undefined {
  const codes = indices.get(at);
  const [rows = 0, perByte = 0] = table.dims;
  const isTable = table.dtype === 'int8' && table.dims.length === 2 && rows <= 256 && perByte <= mostPerByte;
  if (!codes || !isTable || rows * perByte === 0 || node.int('axis', 0) !== 0) return undefined;
  const dims = [...at.dims, perByte];
  const count = countOf(dims, node, 'int8');
  const refuse = (code: number) => misfit(node, `indices in ${-rows} ... ${rows - 1}`, code);
  return unpackLater(new PackedValues(codes, table.data as Int8Array, perByte, count, refuse), dims);
}

function unpackLater(values: PackedValues, dims: readonly number[]): Tensor {
  const tensor: Tensor = {
    dtype: 'int8',
    dims,
    get data() {
      return values.unpack();
    },
  };
  packings.set(tensor, values);
  return tensor;
}

function reshape(node: Node, x: Tensor, shape: Tensor | undefined): Tensor | undefined {
  const values = packings.get(x);
  const target = values && integersOf(shape, node.label);
  return target && unpackLater(values, reshapedDims(node, x.dims, target));
}

/** The first values of one axis. */
function cut(node: Node, x: Tensor, inputs: Operands): Tensor | undefined {
  const values = packings.get(x);
  if (!values || x.dims.length !== 1) return undefined;
  const lists = [1, 2, 3, 4].map((i) => integersOf(inputs[i], node.label));
  const [range] = sliceRanges(node, x.dims, lists);
  if (range?.start !== 0 || range.step !== 1) return undefined;
  const dims = [range.count];
  countOf(dims, node, 'int8');
  const { codes, table, perByte, refuse } = values;
  return unpackLater(new PackedValues(codes, table, perByte, range.count, refuse), dims);
}
