/**
 * The messages of onnx.proto that a static network needs, with their field numbers (github.com/onnx/onnx, onnx.proto).
 * Subgraphs, sparse tensors, functions and non-tensor types are kept as undecoded bytes: the reader only has to see
 * that they are there in order to refuse them, and so messages nest to a fixed depth.
 */

import { type Message, many, one, packed } from './proto.ts';

export const stringEntryProto = { key: one(1, 'string'), value: one(2, 'string') };

export const tensorProto = {
  dims: many(1, 'int64'),
  dataType: one(2, 'int32'),
  segment: one(3, 'bytes'),
  floatData: packed(4, 'float'),
  int32Data: packed(5, 'int32'),
  stringData: many(6, 'bytes'),
  int64Data: packed(7, 'int64'),
  name: one(8, 'string'),
  rawData: one(9, 'bytes'),
  doubleData: packed(10, 'double'),
  uint64Data: packed(11, 'uint64'),
  docString: one(12, 'string'),
  externalData: many(13, stringEntryProto),
  dataLocation: one(14, 'int32'),
};

export const dimensionProto = { dimValue: one(1, 'int64'), dimParam: one(2, 'string') };

export const tensorTypeProto = {
  elemType: one(1, 'int32'),
  shape: one(2, { dim: many(1, dimensionProto) }),
};

export const typeProto = {
  tensorType: one(1, tensorTypeProto),
  sequenceType: one(4, 'bytes'),
  mapType: one(5, 'bytes'),
  sparseTensorType: one(8, 'bytes'),
  optionalType: one(9, 'bytes'),
};

export const valueInfoProto = { name: one(1, 'string'), type: one(2, typeProto) };

export const attributeProto = {
  name: one(1, 'string'),
  f: one(2, 'float'),
  i: one(3, 'int64'),
  s: one(4, 'bytes'),
  t: one(5, tensorProto),
  g: one(6, 'bytes'),
  floats: many(7, 'float'),
  ints: many(8, 'int64'),
  strings: many(9, 'bytes'),
  tensors: many(10, 'bytes'),
  graphs: many(11, 'bytes'),
  docString: one(13, 'string'),
  tp: one(14, 'bytes'),
  typeProtos: many(15, 'bytes'),
  type: one(20, 'int32'),
  refAttrName: one(21, 'string'),
  sparseTensor: one(22, 'bytes'),
  sparseTensors: many(23, 'bytes'),
};

export const nodeProto = {
  input: many(1, 'string'),
  output: many(2, 'string'),
  name: one(3, 'string'),
  opType: one(4, 'string'),
  attribute: many(5, attributeProto),
  docString: one(6, 'string'),
  domain: one(7, 'string'),
};

export const graphProto = {
  node: many(1, nodeProto),
  name: one(2, 'string'),
  initializer: many(5, tensorProto),
  docString: one(10, 'string'),
  input: many(11, valueInfoProto),
  output: many(12, valueInfoProto),
  valueInfo: many(13, valueInfoProto),
  sparseInitializer: many(15, 'bytes'),
};

export const operatorSetProto = { domain: one(1, 'string'), version: one(2, 'int64') };

export const modelProto = {
  irVersion: one(1, 'int64'),
  producerName: one(2, 'string'),
  producerVersion: one(3, 'string'),
  domain: one(4, 'string'),
  modelVersion: one(5, 'int64'),
  docString: one(6, 'string'),
  graph: one(7, graphProto),
  opsetImport: many(8, operatorSetProto),
  metadataProps: many(14, stringEntryProto),
  trainingInfo: many(20, 'bytes'),
  functions: many(25, 'bytes'),
};

export type StringEntryProto = Message<typeof stringEntryProto>;
export type TensorProto = Message<typeof tensorProto>;
export type TypeProto = Message<typeof typeProto>;
export type ValueInfoProto = Message<typeof valueInfoProto>;
export type AttributeProto = Message<typeof attributeProto>;
export type NodeProto = Message<typeof nodeProto>;
export type GraphProto = Message<typeof graphProto>;
export type ModelProto = Message<typeof modelProto>;
