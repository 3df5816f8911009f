/** What the rows' commands depend on: the data set, the network, the schedule, the seed, and where runs are. */

import { join } from 'node:path';

export const dataNames = ['cifar10', 'cifar100'] as const;
export type DataName = (typeof dataNames)[number];

const networkNames = ['mobilenet-v1-0.5', 'mobilenet-v1-0.5-160', 'mobilenet-v2-0.35', 'mobilenet-v2-0.5'] as const;
export type NetworkName = (typeof networkNames)[number];

type Network = Pick<Setting, 'model' | 'width' | 'size' | 'epochs' | 'again' | 'last'> &
  Partial<Pick<Setting, 'pretrained' | 'tuning' | 'longer' | 'optimizer' | 'rate' | 'validation'>>;

const [v1, v2] = ['mobilenet-v1', 'mobilenet-v2'] as const;

/** Epochs are those of the short schedule: the first cycle's, the second's and third's, the fifth's. */
const networks: Readonly<Record<DataName, Readonly<Partial<Record<NetworkName, Network>>>>> = {
  cifar10: {
    'mobilenet-v1-0.5': { model: v1, width: 0.5, size: 0.49, epochs: 60, again: 36, last: 30 },
    // goes on from ImageNet, on enlarged images: an epoch takes as long as twenty from scratch
    'mobilenet-v1-0.5-160': {
      ...{ model: v1, width: 0.5, size: 0.49, epochs: 5, again: 0, last: 0 },
      ...{ pretrained: 'mobilenet_v1_0.5_160.onnx', tuning: 1, longer: 1, validation: 0.1 },
      // by held-out images after 90 steps: with SGD at 0.02, as the others have it, training ruins what it starts from
      ...{ optimizer: 'adamw', rate: 0.0005 },
    },
    // of ten classes, what a plan could reach when banks were no narrower than half of the filters; one cycle
    'mobilenet-v2-0.35': { model: v2, width: 0.35, size: 0.6, epochs: 30, again: 0, last: 0 },
  },
  cifar100: {
    'mobilenet-v1-0.5': { model: v1, width: 0.5, size: 0.49, epochs: 40, again: 0, last: 0 },
    'mobilenet-v2-0.5': { model: v2, width: 0.5, size: 0.6, epochs: 24, again: 0, last: 0 },
  },
};

/** The share of the training images that is held out, and decides; the test images are read at the end. */
const heldOut: Readonly<Record<DataName, number>> = { cifar10: 0, cifar100: 0.1 };

/** Those that have rows on a data set. */
export const networksOf = (data: DataName) => Object.keys(networks[data]) as NetworkName[];

/**
 * `full`: 200, 100 and 100 epochs for the original, 30 for each compressed network, 60 for the smallest, and every seed
 * with an original of its own.
 */
export const scheduleNames = ['short', 'full'] as const;
export type ScheduleName = (typeof scheduleNames)[number];

export interface Setting {
  readonly data: DataName;
  readonly network: NetworkName;
  readonly seed: number;
  /** The run directories' folder. */
  readonly runs: string;
  /** The architecture's name and its width, as `tritbank train` takes them. */
  readonly model: string;
  readonly width: number;
  /** The paper's size, or the least that the network has a plan for. */
  readonly size: number;
  /** Epochs of the original's first cycle. */
  readonly epochs: number;
  /** Those of each cycle after it but the fifth; 0 where there is only one. */
  readonly again: number;
  /** Those of the fifth. */
  readonly last: number;
  /** Those of a compressed network. */
  readonly tuning: number;
  /** Those of the smallest. */
  readonly longer: number;
  /** The seed of the first two cycles: in the short schedule seeds part in the third. */
  readonly cycles: number;
  /** Of compressed networks; absent: SGD. */
  readonly optimizer?: 'adamw';
  /** Learning rate of compressed networks. */
  readonly rate: number;
  /** Share of the training images that is held out. */
  readonly validation: number;
  /** The classifier that the original goes on from, in the folder of such files; absent: it is trained from scratch. */
  readonly pretrained?: string;
}

/** Which rows are made, and from what. */
export interface Place {
  readonly data: DataName;
  readonly network: NetworkName;
  readonly schedule: ScheduleName;
  /** The folder with the binary batches. */
  readonly dataDir: string;
  /** The folder of pretrained networks. */
  readonly models: string;
}

/** Throws for a network that a data set has no rows of. */
export function settingOf({ data, network, schedule, models }: Omit<Place, 'dataDir'>, seed: number): Setting {
  const found = networks[data][network];
  if (!found) throw new Error(`internal: ${data} has no rows of ${network}`);
  const pretrained = found.pretrained && { pretrained: join(models, found.pretrained) };
  const usual = { rate: 0.02, validation: heldOut[data], tuning: 3, longer: 6 };
  const known = { ...usual, ...found, ...pretrained, data, network, seed };
  if (schedule === 'short') return { ...known, runs: `runs/${data}/${network}`, cycles: 1 };
  const again = known.again > 0 ? 100 : 0;
  const lengths = { epochs: pretrained ? 30 : 200, again, last: again, tuning: 30, longer: 60 };
  return { ...known, ...lengths, runs: `runs/${data}-full/${network}`, cycles: seed };
}
