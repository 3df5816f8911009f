/**
 * `compare-runtimes.ts FILE COUNT`: a file on random images in Tritbank's runtime and in onnxruntime-node; prints how far
 * their scores are apart, as JSON. A process of its own, since memory of models is given back that way.
 */

import { readFileSync } from 'node:fs';
import * as ort from 'onnxruntime-node';
import { Random } from '../../src/ir/index.ts';
import { InferenceSession, Tensor } from '../../src/runtime/node.ts';

const [path, count] = process.argv.slice(2);
const bytes = readFileSync(path!);
const theirs = await ort.InferenceSession.create(bytes, { logSeverityLevel: 3, intraOpNumThreads: 1 });
const ours = await InferenceSession.create(bytes);
const [name, output] = [theirs.inputNames[0]!, theirs.outputNames[0]!];
const shape = (ours.inputMetadata[0]!.shape ?? []).map((d, i) => (i === 0 || typeof d !== 'number' ? 1 : d));
let worst = 0;
let sameTop = 0;
for (let i = 0; i < Number(count); i++) {
  const random = new Random(1, 'input', i);
  const data = Float32Array.from({ length: shape.reduce((n, d) => n * d, 1) }, () => random.normal());
  const expected = (await theirs.run({ [name]: new ort.Tensor('float32', data, shape) }))[output]!.data as Float32Array;
  const found = (await ours.run({ [name]: new Tensor('float32', data, shape) }))[output]!.data as Float32Array;
  const range = Math.max(...expected) - Math.min(...expected);
  worst = expected.reduce((most, v, k) => Math.max(most, Math.abs(v - found[k]!) / range), worst);
  const top = (values: Float32Array) => values.indexOf(Math.max(...values));
  if (top(expected) === top(found)) sameTop++;
}
console.log(JSON.stringify({ error: worst, sameTop, images: Number(count) }));
