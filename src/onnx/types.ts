/**
 * Element types and value types between onnx.proto and the graph: TensorProto.DataType codes, TypeProto and its
 * dimensions. A dimension without value or name gets a name of its own, because two unknown sizes need not be equal.
 */

import {
  type DType,
  dtypeOfElementCode,
  dtypes,
  elementCodeOf,
  type Shape,
  type TensorType,
  TritbankError,
} from '../ir/index.ts';
import type { Init } from './proto.ts';
import type { GraphProto, TypeProto, valueInfoProto } from './schema.ts';

const foreign = new Map([
  [0, 'UNDEFINED'],
  [14, 'COMPLEX64'],
  [15, 'COMPLEX128'],
  [17, 'FLOAT8E4M3FN'],
  [18, 'FLOAT8E4M3FNUZ'],
  [19, 'FLOAT8E5M2'],
  [20, 'FLOAT8E5M2FNUZ'],
  [21, 'UINT4'],
  [22, 'INT4'],
  [23, 'FLOAT4E2M1'],
  [24, 'FLOAT8E8M0'],
]);

/** TensorProto.DataType of an element type. */
export function dtypeToCode(dtype: DType): number {
  return elementCodeOf(dtype);
}

/** The element type of a TensorProto.DataType, or an E_UNSUPPORTED error. */
export function codeToDtype(code: number, where: string): DType {
  const dtype = dtypeOfElementCode(code);
  if (dtype) return dtype;
  const found = foreign.has(code) ? `${foreign.get(code)} (${code})` : `data type ${code}`;
  throw new TritbankError('E_UNSUPPORTED', where, `expected one of ${dtypes.join(', ')}, found ${found}`);
}

/** Gives unknown dimensions the names `unk__0`, `unk__1` ..., none of which the model uses itself. */
export class SymbolSource {
  private readonly taken = new Set<string>();
  private next = 0;

  constructor(graph: GraphProto) {
    for (const info of [...graph.input, ...graph.output, ...graph.valueInfo]) {
      for (const dim of info.type?.tensorType?.shape?.dim ?? []) if (dim.dimParam) this.taken.add(dim.dimParam);
    }
  }

  fresh(): string {
    while (this.taken.has(`unk__${this.next}`)) this.next++;
    return `unk__${this.next++}`;
  }
}

/** The type of a value, `undefined` when the file gives none. E_UNSUPPORTED for anything but dense tensors. */
export function readType(type: TypeProto | undefined, where: string, symbols: SymbolSource): TensorType | undefined {
  if (!type) return undefined;
  if (!type.tensorType) {
    const other = (['sequenceType', 'mapType', 'sparseTensorType', 'optionalType'] as const).find((k) => type[k]);
    if (!other) return undefined;
    throw new TritbankError('E_UNSUPPORTED', where, `expected a tensor, found a ${other.replace('Type', '')}`);
  }
  const dtype = codeToDtype(type.tensorType.elemType ?? 0, where);
  const dims = type.tensorType.shape?.dim;
  if (!dims) return { dtype };
  const shape: Shape = dims.map(({ dimValue, dimParam }) => {
    if (dimParam) return dimParam;
    if (dimValue === undefined || dimValue < 0n) return symbols.fresh();
    return toSafeInteger(dimValue, where);
  });
  return { dtype, shape };
}

/** A 64-bit integer as a number, or an E_UNSUPPORTED error where that would round it. */
export function toSafeInteger(value: bigint, where: string): number {
  const number = Number(value);
  if (Number.isSafeInteger(number)) return number;
  throw new TritbankError('E_UNSUPPORTED', where, `expected an integer within 2^53, found ${value}`);
}

/** A ValueInfoProto; the type is left out while unknown. */
export function writeValueInfo(name: string, type: TensorType | undefined): Init<typeof valueInfoProto> {
  if (!type) return { name };
  const dim = type.shape?.map((d) => (typeof d === 'number' ? { dimValue: BigInt(d) } : { dimParam: d }));
  return { name, type: { tensorType: { elemType: dtypeToCode(type.dtype), shape: dim && { dim } } } };
}

/** `input 'x'`: a value's place in messages, or an E_FORMAT error where it has no name. */
export function placeOf(role: string, info: { readonly name: string | undefined }): string {
  if (info.name) return `${role} '${info.name}'`;
  throw new TritbankError('E_FORMAT', role, 'expected a name, found none');
}
