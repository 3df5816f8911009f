/** What the rows' commands depend on: the network, the schedule, the seed, and where runs are. */

/** Epochs are those of the short schedule: the first cycle's, the second's and third's, the fifth's. */
const networks = {
  'mobilenet-v1-0.5': { model: 'mobilenet-v1', width: 0.5, size: 0.49, epochs: 60, again: 36, last: 30 },
  // of ten classes, what a plan could reach when banks were no narrower than half of the filters; one cycle
  'mobilenet-v2-0.35': { model: 'mobilenet-v2', width: 0.35, size: 0.6, epochs: 30, again: 0, last: 0 },
} as const;

export type NetworkName = keyof typeof networks;
export const networkNames = Object.keys(networks) as NetworkName[];

/**
 * `full`: 200, 100 and 100 epochs for the original, 30 for each compressed network, 60 for the smallest, and every seed
 * with an original of its own.
 */
export const scheduleNames = ['short', 'full'] as const;
export type ScheduleName = (typeof scheduleNames)[number];

export interface Setting {
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
}

export function settingOf(network: NetworkName, schedule: ScheduleName, seed: number): Setting {
  const known = { ...networks[network], network, seed };
  if (schedule === 'short') return { ...known, runs: `runs/cifar10/${network}`, tuning: 3, longer: 6, cycles: 1 };
  const again = known.again > 0 ? 100 : 0;
  const lengths = { epochs: 200, again, last: again, tuning: 30, longer: 60 };
  return { ...known, ...lengths, runs: `runs/cifar10-full/${network}`, cycles: seed };
}
