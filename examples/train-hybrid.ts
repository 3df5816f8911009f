/** Trains MobileNet-V1 0.25 with hybrid filter banks on a part of MNIST. Leaves a run directory with its ONNX file. */

// Elsewhere: from 'tritbank'.
import { defaultConfig, trainNetwork } from '../src/index.ts';

const result = await trainNetwork(
  {
    ...defaultConfig,
    data: 'mnist',
    trainSamples: 4000,
    augment: false,
    width: 0.25,
    firstStride: 2,
    method: 'hybrid',
    alpha: 0.5,
    epochs: 3,
  },
  {
    out: 'runs/train-hybrid',
    // this example may be run again
    force: true,
    onProgress: ({ record }) => record && console.log(`epoch ${record.epoch} (${record.phase}): top-1 ${record.top1}`),
  },
);

const kilobytes = (bytes: number) => `${(bytes / 1024).toFixed(1)} KB`;
console.log(`top-1 ${(100 * result.top1).toFixed(2)} % on ${result.dataset}, exported to ${result.model}`);
console.log(`size ${kilobytes(result.bytes)}, in full precision at 16 bits ${kilobytes(result.bytes16)}`);
