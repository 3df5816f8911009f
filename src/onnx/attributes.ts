/**
 * Node attributes between AttributeProto and the graph. Files of old writers leave `type` out; it then follows from the
 * field that is set. Subgraphs (If, Loop, Scan), sparse tensors and references of functions are refused: the graph
 * cannot hold them.
 */

import { type Attribute, type Tensor, TritbankError } from '../ir/index.ts';
import type { RangeSource } from './external.ts';
import { decodeText, encodeText, type Init } from './proto.ts';
import type { AttributeProto, attributeProto } from './schema.ts';
import { readTensor, writeTensor } from './tensors.ts';
import { toSafeInteger } from './types.ts';

/** AttributeProto.AttributeType with the field that holds each; the position is the code. */
const kinds = [
  undefined,
  'f',
  'i',
  's',
  't',
  'g',
  'floats',
  'ints',
  'strings',
  'tensors',
  'graphs',
  'sparseTensor',
  'sparseTensors',
  'tp',
  'typeProtos',
] as const;

type Kind = Exclude<(typeof kinds)[number], undefined>;

const refused: Partial<Record<Kind, string>> = {
  g: 'a subgraph',
  graphs: 'subgraphs',
  tensors: 'a list of tensors',
  sparseTensor: 'a sparse tensor',
  sparseTensors: 'sparse tensors',
  tp: 'a type',
  typeProtos: 'types',
};

function kindOf(proto: AttributeProto, where: string): Kind {
  if (proto.refAttrName) {
    throw new TritbankError('E_UNSUPPORTED', where, "expected a value, found a reference to a function's attribute");
  }
  const code = proto.type ?? 0;
  const isSet = (kind: Kind) => {
    const value = proto[kind];
    return Array.isArray(value) ? value.length > 0 : value !== undefined;
  };
  const kind = code === 0 ? kinds.find((k) => k && isSet(k)) : kinds[code];
  if (kind) return kind;
  const found = code === 0 ? 'none' : `type ${code}`;
  throw new TritbankError('E_FORMAT', where, `expected an attribute type of 1 to 14, found ${found}`);
}

/**
 * Reads an attribute. `saturate` brings integers beyond 2^53 to that bound instead of refusing them (INT64_MAX as "to
 * the end" in Slice).
 */
export function readAttribute(
  proto: AttributeProto,
  where: string,
  external: RangeSource | undefined,
  saturate = false,
): Attribute {
  const integer = (value: bigint): number => {
    if (!saturate) return toSafeInteger(value, where);
    return Math.max(Math.min(Number(value), Number.MAX_SAFE_INTEGER), Number.MIN_SAFE_INTEGER);
  };
  const kind = kindOf(proto, where);
  switch (kind) {
    case 'f':
      return { kind: 'float', value: proto.f ?? 0 };
    case 'i':
      return { kind: 'int', value: integer(proto.i ?? 0n) };
    case 's':
      return { kind: 'string', value: decodeText(proto.s ?? new Uint8Array(), where) };
    case 't':
      if (!proto.t) throw new TritbankError('E_FORMAT', where, 'expected a tensor, found none');
      return { kind: 'tensor', value: readTensor(proto.t, where, external) };
    case 'floats':
      return { kind: 'floats', value: proto.floats };
    case 'ints':
      return { kind: 'ints', value: proto.ints.map(integer) };
    case 'strings':
      return { kind: 'strings', value: proto.strings.map((s) => decodeText(s, where)) };
    default:
      throw new TritbankError('E_UNSUPPORTED', where, `expected numbers, strings or a tensor, found ${refused[kind]}`);
  }
}

/** The tensor that a Constant node yields, from whichever of its attributes is given. */
export function readConstant(
  attributes: readonly AttributeProto[],
  where: string,
  external: RangeSource | undefined,
): Tensor {
  const [proto, ...others] = attributes;
  if (!proto || others.length > 0) {
    throw new TritbankError('E_FORMAT', where, `expected exactly one attribute, found ${attributes.length}`);
  }
  // integers straight from the file: unlike attributes of other nodes, constants hold all 64 bits
  const place = `${where} attribute ${proto.name ?? ''}`;
  switch (proto.name) {
    case 'value_int':
      return { dtype: 'int64', dims: [], data: BigInt64Array.of(proto.i ?? 0n) };
    case 'value_ints':
      return { dtype: 'int64', dims: [proto.ints.length], data: BigInt64Array.from(proto.ints) };
  }
  const { kind, value } = readAttribute(proto, place, external);
  if (proto.name === 'value' && kind === 'tensor') return value;
  if (proto.name === 'value_float' && kind === 'float') {
    return { dtype: 'float32', dims: [], data: Float32Array.of(value) };
  }
  if (proto.name === 'value_floats' && kind === 'floats') {
    return { dtype: 'float32', dims: [value.length], data: Float32Array.from(value) };
  }
  if (proto.name === 'value_string' && kind === 'string') return { dtype: 'string', dims: [], data: [value] };
  if (proto.name === 'value_strings' && kind === 'strings') {
    return { dtype: 'string', dims: [value.length], data: [...value] };
  }
  throw new TritbankError('E_UNSUPPORTED', place, `expected the value of a Constant, found ${kind}`);
}

/** An AttributeProto. Integers must be safe integers. */
export function writeAttribute(name: string, attribute: Attribute, where: string): Init<typeof attributeProto> {
  const integer = (value: number): bigint => {
    if (Number.isSafeInteger(value)) return BigInt(value);
    throw new Error(`internal: ${where} attribute ${name} is not an integer: ${value}`);
  };
  const type = (kind: Kind) => kinds.indexOf(kind);
  switch (attribute.kind) {
    case 'float':
      return { name, f: attribute.value, type: type('f') };
    case 'int':
      return { name, i: integer(attribute.value), type: type('i') };
    case 'string':
      return { name, s: encodeText(attribute.value), type: type('s') };
    case 'tensor':
      return { name, t: writeTensor('', attribute.value), type: type('t') };
    case 'floats':
      return { name, floats: attribute.value, type: type('floats') };
    case 'ints':
      return { name, ints: attribute.value.map(integer), type: type('ints') };
    case 'strings':
      return { name, strings: attribute.value.map((s) => encodeText(s)), type: type('strings') };
  }
}
