/** Keeps ONNX Runtime out of fast tests: one that asks for it fails, and is told where it belongs. */

import { createRequire, Module } from 'node:module';

const require = createRequire(import.meta.url);
const path = require.resolve('onnxruntime-node');
const refuse = (): never => {
  throw new Error('a fast test does without ONNX Runtime: name the file x.ort.test.ts, or move it to test/ort');
};
// whoever requires the package finds this in its place
require.cache[path] = Object.assign(new Module(path), {
  loaded: true,
  exports: new Proxy({}, { get: refuse, has: refuse, ownKeys: refuse }),
});
