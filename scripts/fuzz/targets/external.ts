/** Models with external data: damaged entries, damaged data files, links, and names that lead elsewhere. */

import { symlinkSync } from 'node:fs';
import { basename, join } from 'node:path';
import { decode } from '../../../src/onnx/decode.ts';
import { openModel } from '../../../src/onnx/index.ts';
import { encode } from '../../../src/onnx/proto.ts';
import { modelProto } from '../../../src/onnx/schema.ts';
import { InferenceSession } from '../../../src/runtime/node.ts';
import { mutateBytes, pick } from '../mutate.ts';
import { modelFiles } from '../networks.ts';
import type { Target } from '../target.ts';

const locations = [
  ...[
    'data.bin',
    './data.bin',
    'a/../data.bin',
    '../data.bin',
    '/etc/passwd',
    'file:///etc/passwd',
    'http://127.0.0.1:1/x',
  ],
  ...[
    '%2e%2e/data.bin',
    'link.bin',
    'link/passwd',
    'data.bin\0',
    '',
    '.',
    'model.onnx',
    '\\\\host\\share',
    'C:\\x',
    '//',
  ],
];
const counts = ['0', '1', '4', '-1', '1e9', '999999999999999', '99999999999999999999', '', '0x10', ' 4'];

const seeds = (await modelFiles()).slice(0, 2).map((bytes) => {
  const model = decode(modelProto, bytes, 'model');
  const pieces: Uint8Array[] = [];
  let at = 0;
  const initializer = model.graph!.initializer.map(({ rawData, ...tensor }) => {
    const own = rawData?.slice() ?? new Uint8Array();
    pieces.push(own);
    const entries = { location: 'data.bin', offset: String(at), length: String(own.length) };
    at += own.length;
    const externalData = Object.entries(entries).map(([key, value]) => ({ key, value }));
    return { ...tensor, rawData: undefined, dataLocation: 1, externalData };
  });
  const data = new Uint8Array(at);
  pieces.reduce((offset, piece) => {
    data.set(piece, offset);
    return offset + piece.length;
  }, 0);
  const changed = { ...model, graph: { ...model.graph!, initializer } };
  return { 'model.onnx': encode(modelProto, changed).slice(), 'data.bin': data };
});

export const external: Target = {
  name: 'external',
  seeds: () => seeds,
  mutate(random, files) {
    if (random.int(4) === 0) return { ...files, 'data.bin': mutateBytes(random, files['data.bin']!) };
    const model = decode(modelProto, files['model.onnx']!, 'model');
    const initializer = model.graph!.initializer.map((tensor) => {
      if (random.int(6) > 0) return tensor;
      const externalData = tensor.externalData.map(({ key, value }) => {
        if (random.int(2)) return { key, value };
        return { key, value: pick(random, key === 'location' ? locations : counts) };
      });
      return { ...tensor, externalData };
    });
    return {
      ...files,
      'model.onnx': encode(modelProto, { ...model, graph: { ...model.graph!, initializer } }).slice(),
    };
  },
  async run(_, { folder }) {
    symlinkSync('/etc/passwd', join(folder, 'link.bin'));
    symlinkSync('/etc', join(folder, 'link'));
    const path = join(folder, 'model.onnx');
    const { graph } = await openModel(path);
    // what could be read lies in two files of the folder
    for (const { constant } of graph.initializers) {
      if (constant?.dtype === 'uint8' && String(constant.data).includes('root:'))
        throw new Error('another file was read');
    }
    await (await InferenceSession.create(path)).release();
    return `read ${basename(path)}`;
  },
  command: (folder) => ['inspect', join(folder, 'model.onnx')],
};
