/** Trains MobileNet-V1 0.25 with hybrid filter banks on a part of MNIST, and evaluates the exported ONNX file. */

// From outside of this repository: from 'tritbank'.
import { defaultConfig, evaluateModel, measureStorage, loadModel, trainNetwork } from '../src/index.ts';

const result = await trainNetwork(
  {
    ...defaultConfig,
    data: 'mnist',
    trainSamples: 3000,
    width: 0.25,
    method: 'hybrid',
    alpha: 0.5,
    epochs: 3,
    batchSize: 32,
    learningRate: 0.05,
  },
  {
    out: 'runs/example-hybrid',
    onProgress: ({ record }) => record && console.log(`epoch ${record.epoch} (${record.phase}): ${record.top1}`),
  },
);

const { top1 } = await evaluateModel(result.model, { data: 'mnist' });
const { bytes } = measureStorage(await loadModel(result.model));
console.log(`top-1 ${(100 * top1).toFixed(2)} %, ${(bytes / 1024).toFixed(1)} KB, 16 bit: ${(result.bytes16 / 1024).toFixed(1)} KB`);
