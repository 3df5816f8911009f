/**
 * Known contents of small integer tensors, which is what shapes are computed from. Exporters write a flattening as
 * Shape -> Gather -> Unsqueeze -> Concat -> Reshape; following the numbers and symbols through these operators gives
 * the shape even while the batch is symbolic. Floating-point contents are not followed.
 */

import { type Dim, dtypeOfElementCode, i64, type Node, type Tensor, toNumbers, type Value } from '../../ir/index.ts';
import { shapePart } from '../arithmetic/dims.ts';
import { isOpType, type OpType } from '../names.ts';
import { addDims, divide, product } from './dims.ts';

/** Row-major elements; a string is a symbolic size. */
export type Contents = readonly Dim[];

const known = new WeakMap<Value, Contents>();
const maxElements = 4096;
const followed: ReadonlySet<string> = new Set(['int64', 'int32', 'bool']);

function constantContents(tensor: Tensor): Contents | undefined {
  return followed.has(tensor.dtype) && tensor.data.length <= maxElements ? toNumbers(tensor) : undefined;
}

/** What is known to be in `value`; undefined for an omitted input, too. */
export function contentsOf(value: Value | undefined): Contents | undefined {
  if (!value) return undefined;
  return value.constant ? constantContents(value.constant) : known.get(value);
}

/** The contents where all of them are numbers. */
export function numbersOf(value: Value | undefined): readonly number[] | undefined {
  const contents = contentsOf(value);
  return contents?.every((d): d is number => typeof d === 'number') ? (contents as readonly number[]) : undefined;
}

const firstOf = (tensor: Tensor): Tensor => ({ ...tensor, data: tensor.data.slice(0, 1) });

/** The first element; that of a constant may have any numeric type. */
export function scalarOf(value: Value | undefined): Dim | undefined {
  return value?.constant ? toNumbers(firstOf(value.constant))[0] : contentsOf(value)?.[0];
}

/** The contents as a tensor, where all of them are numbers and the shape is fixed. */
export function knownTensor(value: Value): Tensor | undefined {
  const numbers = numbersOf(value);
  const { dtype, shape } = value.type ?? {};
  if (!numbers?.every(Number.isSafeInteger) || !shape?.every((d) => typeof d === 'number')) return undefined;
  const dims = shape as readonly number[];
  if (dtype === 'int64') return i64(numbers, dims);
  if (dtype === 'int32') return { dtype, dims, data: Int32Array.from(numbers) };
  return dtype === 'bool' ? { dtype, dims, data: Uint8Array.from(numbers) } : undefined;
}

/** Records the contents of the first output, after its type has been set. */
export function updateContents(node: Node): void {
  const output = node.outputs[0];
  if (!output) return;
  const rule = isOpType(node.op, node.domain) ? rules[node.op] : undefined;
  const dtype = output.type?.dtype;
  const contents = rule && dtype && followed.has(dtype) ? rule(node) : undefined;
  if (contents && contents.length <= maxElements) known.set(output, contents);
  else known.delete(output);
}

type ContentsRule = (node: Node) => Contents | undefined;

const isVector = (value: Value | undefined) => (value?.type?.shape?.length ?? 2) <= 1;

/** The same elements in the same order. */
const pass: ContentsRule = (node) => contentsOf(node.inputs[0]);

/** Elementwise over two operands of equal length or one of them of length 1. */
function elementwise(f: (x: Dim, y: Dim) => Dim | undefined): ContentsRule {
  return (node) => {
    const [x, y] = [contentsOf(node.inputs[0]), contentsOf(node.inputs[1])];
    if (!x || !y || !node.inputs.every(isVector)) return undefined;
    if (x.length !== y.length && x.length !== 1 && y.length !== 1) return undefined;
    const length = x.length === 1 ? y.length : x.length;
    const result = Array.from({ length }, (_, i) => f(x[x.length === 1 ? 0 : i]!, y[y.length === 1 ? 0 : i]!));
    return result.every((d): d is Dim => d !== undefined) ? result : undefined;
  };
}

function quotient(x: Dim, y: Dim): Dim | undefined {
  if (typeof x === 'number' && typeof y === 'number') return y === 0 ? undefined : Math.trunc(x / y);
  return divide(x, y);
}

/** A symbol is a size: a negative multiple of it has no name. */
function times(x: Dim, y: Dim): Dim | undefined {
  const negative = [x, y].some((d) => typeof d === 'number' && d < 0);
  return negative && (typeof x === 'string' || typeof y === 'string') ? undefined : product([x, y]);
}

/** 1, 0, or undefined where the symbols leave it open. A symbol is a size: never negative. */
function equal(x: Dim, y: Dim): Dim | undefined {
  if (x === y) return 1;
  if (typeof x === 'number' && typeof y === 'number') return 0;
  return [x, y].some((d) => typeof d === 'number' && d < 0) ? 0 : undefined;
}

const shape: ContentsRule = (node) => {
  const dims = node.input(0).type?.shape;
  return dims && shapePart(node, dims);
};

const gather: ContentsRule = (node) => {
  const [data, indices] = [contentsOf(node.inputs[0]), numbersOf(node.inputs[1])];
  if (!data || !indices || !isVector(node.inputs[0])) return undefined;
  const picked = indices.map((i) => data.at(i));
  return picked.every((d): d is Dim => d !== undefined) ? picked : undefined;
};

const concat: ContentsRule = (node) => {
  const parts = node.inputs.map(contentsOf);
  if (!node.inputs.every(isVector)) return undefined;
  return parts.every((p): p is Contents => p !== undefined) ? parts.flat() : undefined;
};

const slice: ContentsRule = (node) => {
  const data = contentsOf(node.inputs[0]);
  const [start, end] = [numbersOf(node.inputs[1])?.[0], numbersOf(node.inputs[2])?.[0]];
  const step = node.inputs[4] ? numbersOf(node.inputs[4])?.[0] : 1;
  if (!data || !isVector(node.inputs[0]) || start === undefined || end === undefined || step !== 1) return undefined;
  return data.slice(start, end);
};

const where: ContentsRule = (node) => {
  const [c, x, y] = node.inputs.map(contentsOf);
  if (!c || !x || !y || c.length !== x.length || c.length !== y.length || !node.inputs.every(isVector))
    return undefined;
  return c.every((d) => typeof d === 'number') ? c.map((d, i) => (d ? x : y)[i]!) : undefined;
};

const constantOfShape: ContentsRule = (node) => {
  const dims = numbersOf(node.inputs[0]);
  const value = node.attributes.value;
  if (!dims || dims.length > 1 || value?.kind !== 'tensor') return undefined;
  const fill = toNumbers(value.value)[0]!;
  return (dims[0] ?? 1) <= maxElements ? new Array<Dim>(dims[0] ?? 1).fill(fill) : undefined;
};

const constant: ContentsRule = (node) => {
  const { value, value_int, value_ints } = node.attributes;
  if (value?.kind === 'tensor') return constantContents(value.value);
  if (value_int?.kind === 'int') return [value_int.value];
  return value_ints?.kind === 'ints' ? value_ints.value : undefined;
};

const reduceProd: ContentsRule = (node) => {
  const x = contentsOf(node.inputs[0]);
  return x && isVector(node.inputs[0]) ? [product(x)] : undefined;
};

/** A cast from a followed type changes nothing, except to bool. */
const cast: ContentsRule = (node) =>
  dtypeOfElementCode(node.int('to')) === 'bool' && node.input(0).type?.dtype !== 'bool' ? undefined : pass(node);

const rules: { readonly [K in OpType]?: ContentsRule } = {
  Add: elementwise((x, y) => addDims(x, y)),
  Cast: cast,
  Concat: concat,
  Constant: constant,
  ConstantOfShape: constantOfShape,
  Div: elementwise(quotient),
  Equal: elementwise(equal),
  Gather: gather,
  Identity: pass,
  Mul: elementwise(times),
  ReduceProd: reduceProd,
  Reshape: pass,
  Shape: shape,
  Slice: slice,
  Squeeze: pass,
  Sub: elementwise((x, y) => addDims(x, y, -1)),
  Unsqueeze: pass,
  Where: where,
};
