/**
 * Cycles of networks on arrays at another image size than they were made for: of one that was planned at 160 pixels, at 224.
 * Exports in 8 bits on images of a folder, and writes JSON, for results/hardware.
 *
 *   npx tsx scripts/hardware/measure-at-size.ts --size 224 --data images/ --out FILE \
 *     mobilenet.onnx=mac,'mac x4' run/network.onnx='lists x2'
 */

import { basename } from 'node:path';
import { parseArgs } from 'node:util';
import { openDataFor, setInputSize } from '../../src/classifier/index.ts';
import { exportOnnx } from '../../src/export/index.ts';
import { describeMachine, writeFileAtomic } from '../../src/files/index.ts';
import { loadModel } from '../../src/formats/index.ts';
import { measureCycles, measuredArrays } from '../../src/hardware/index.ts';
import { type IntegerNetwork, readIntegerNetwork } from '../../src/integer/index.ts';
import { freeBatch, inferShapes } from '../../src/passes/index.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    size: { type: 'string', default: '224' },
    data: { type: 'string' },
    images: { type: 'string', default: '32' },
    out: { type: 'string' },
  },
});
const size = Number(values.size);
if (!values.data || positionals.length === 0) throw new Error('expected --data DIR and MODEL.onnx=ARRAY,ARRAY');

async function integersOf(path: string): Promise<IntegerNetwork> {
  const graph = await loadModel(path);
  freeBatch(graph);
  setInputSize(graph, { height: size, width: size });
  inferShapes(graph);
  const { dataset, normalisation } = await openDataFor(graph, { data: values.data! });
  const calibration = { split: dataset.train, normalisation, images: Number(values.images) };
  return readIntegerNetwork(inferShapes(await exportOnnx(graph, { activations: 'int8', calibration })));
}

const rows = [];
for (const task of positionals) {
  const [path = '', arrays = ''] = task.split('=');
  const network = await integersOf(path);
  for (const array of arrays.split(',')) {
    const { cycles } = measureCycles(network, measuredArrays[array as keyof typeof measuredArrays]);
    rows.push({ network: basename(path, '.onnx'), array, cycles });
    console.log(`${path} at ${size} on ${array}: ${cycles} cycles`);
  }
}
const command = `npx tsx scripts/hardware/measure-at-size.ts ${process.argv
  .slice(2)
  .map((word) => basename(word))
  .join(' ')}`;
const report = { machine: describeMachine(), date: new Date().toISOString(), command, size, rows };
if (values.out) writeFileAtomic(values.out, `${JSON.stringify(report, null, 1)}\n`);
