/** Models whose messages are whole and say something else: attributes, operators, dimensions, shapes, names. */

import { join } from 'node:path';
import type { Random } from '../../../src/ir/index.ts';
import { decode } from '../../../src/onnx/decode.ts';
import { encode } from '../../../src/onnx/proto.ts';
import { modelProto } from '../../../src/onnx/schema.ts';
import { opTypes } from '../../../src/ops/names.ts';
import { oddIntegers, pick } from '../mutate.ts';
import { modelFiles } from '../networks.ts';
import type { Target } from '../target.ts';
import { tryModel } from './try-model.ts';

const files = await modelFiles();

const oddFloats = [0, -0, 1, -1, 0.5, 1e-9, 1e30, -1e30, Number.NaN, Infinity, -Infinity, 3.4e38];

type Message = Record<string, unknown>;

const list = (message: Message, key: string) => message[key] as unknown[];
const messages = (message: Message, key: string) => message[key] as Message[];
const oddInteger = (random: Random) => BigInt(pick(random, oddIntegers));

/** One item of a list of numbers becomes odd, is taken out or repeated. */
function editList(random: Random, items: unknown[], odd: () => unknown): void {
  const at = random.int(items.length + 1);
  const kind = random.int(4);
  if (kind === 0) items.splice(at, 1);
  else if (kind === 1) items.splice(at, 0, odd());
  else if (items.length > 0) items[Math.min(at, items.length - 1)] = odd();
}

function editAttribute(random: Random, attribute: Message): void {
  const kind = random.int(12);
  if (kind === 0)
    attribute.name = pick(random, ['axis', 'pads', 'strides', 'group', 'mode', 'alpha', 'num_outputs', 'to']);
  else if (attribute.i !== undefined) attribute.i = oddInteger(random);
  else if (attribute.f !== undefined) attribute.f = pick(random, oddFloats);
  else if (list(attribute, 'ints').length > 0) editList(random, list(attribute, 'ints'), () => oddInteger(random));
  else if (list(attribute, 'floats').length > 0)
    editList(random, list(attribute, 'floats'), () => pick(random, oddFloats));
  else if (attribute.t) editTensor(random, attribute.t as Message);
  else attribute.type = random.int(15);
}

function editTensor(random: Random, tensor: Message): void {
  const raw = tensor.rawData as Uint8Array | undefined;
  if (tensor.dataType === 7 && raw && raw.length >= 8 && random.int(3) > 0) {
    const copy = raw.slice();
    new DataView(copy.buffer).setBigInt64(8 * random.int(copy.length / 8), oddInteger(random), true);
    tensor.rawData = copy;
  } else if (tensor.dataType === 1 && raw && raw.length >= 4 && random.int(3) > 0) {
    const copy = raw.slice();
    new DataView(copy.buffer).setFloat32(4 * random.int(copy.length / 4), pick(random, oddFloats), true);
    tensor.rawData = copy;
  } else if (random.int(2)) tensor.dims = list(tensor, 'dims').toReversed();
  else editList(random, list(tensor, 'dims'), () => oddInteger(random));
}

function editNode(random: Random, node: Message, names: readonly string[]): void {
  const kind = random.int(10);
  const attributes = messages(node, 'attribute');
  if (kind < 4 && attributes.length > 0) editAttribute(random, pick(random, attributes));
  else if (kind < 6) node.opType = pick(random, opTypes);
  else if (kind < 8) editList(random, list(node, 'input'), () => pick(random, names));
  else if (kind === 8) editList(random, list(node, 'output'), () => pick(random, names));
  else node.name = pick(random, ['', '\u001b[2J\u0007', 'a\nb', '__proto__']);
}

function mutateModel(random: Random, bytes: Uint8Array): Uint8Array {
  const model = decode(modelProto, bytes, 'model') as unknown as Message;
  const graph = model.graph as Message;
  const nodes = messages(graph, 'node');
  const values = [...messages(graph, 'initializer'), ...messages(graph, 'input')].map(({ name }) => String(name));
  const names = [...values, ...nodes.flatMap((node) => list(node, 'output') as string[]), 'none', ''];
  for (let n = 1 + random.int(3); n > 0; n--) {
    const kind = random.int(12);
    if (kind < 7) editNode(random, pick(random, nodes), names);
    else if (kind < 10) editTensor(random, pick(random, messages(graph, 'initializer')));
    else if (kind === 10) {
      const type = pick(random, messages(graph, 'input')).type as { tensorType: { shape: Message; elemType: number } };
      const dims = list(type.tensorType.shape, 'dim');
      if (random.int(4) === 0) type.tensorType.elemType = random.int(17);
      else editList(random, dims, () => ({ dimValue: oddInteger(random) }));
    } else if (random.int(2)) nodes.push(structuredClone(pick(random, nodes)));
    else messages(model, 'opsetImport')[0]!.version = BigInt(7 + random.int(18));
  }
  return encode(modelProto, model as never);
}

export const attributes: Target = {
  name: 'attributes',
  seeds: () => files.map((bytes) => ({ 'model.onnx': bytes })),
  mutate: (random, given) => ({ 'model.onnx': mutateModel(random, given['model.onnx']!) }),
  run: (given, trial) => tryModel(given['model.onnx']!, trial),
  command: (folder) => ['cost', join(folder, 'model.onnx')],
};
