/** What is measured, and what contestants say of themselves: the messages of `child.ts` for this benchmark. */

/**
 * One training step of MobileNet-V1 on `inputSize` x `inputSize` x 3 images, first stride 1: forward with batch
 * statistics, softmax cross-entropy, backward, SGD with Nesterov momentum and weight decay, running averages, and the
 * loss read back. The batch is the same in every step.
 */
export interface Task {
  readonly width: number;
  readonly batch: number;
  readonly threads: number;
  readonly inputSize: number;
  readonly classes: number;
  readonly learningRate: number;
  readonly momentum: number;
  /** On kernels and matrices only. */
  readonly weightDecay: number;
}

export const fixedTask = {
  inputSize: 32,
  classes: 10,
  learningRate: 0.02,
  momentum: 0.9,
  weightDecay: 1e-4,
} as const satisfies Partial<Task>;

/** A contestant's greeting. */
export interface Ready {
  /** Its library and version. */
  readonly library: string;
  readonly version: string;
  /** Learned parameters: the same for all, or they do not run the same network. */
  readonly parameters: number;
  /** From the network to the training graph, where there is such a thing. */
  readonly buildSeconds?: number;
  /** From the training graph to something that runs. */
  readonly sessionSeconds?: number;
  /** Nodes of the training graph. */
  readonly nodes?: number;
}

/** `steps` of a request are run one after the other, `seconds` is the time of all of them. */
export interface Round {
  readonly seconds: number;
  /** Processor time of the process meanwhile, all threads together. */
  readonly cpuSeconds: number;
  /** Of the last step. */
  readonly loss: number;
  /** Largest resident memory so far. */
  readonly peakBytes: number;
}

export interface RoundRequest {
  readonly steps: number;
}

export const describeTask = ({ width, inputSize, classes, batch, threads }: Task) =>
  `MobileNet-V1 ${width}, ${inputSize}x${inputSize}x3, ${classes} classes, batch ${batch}, ${threads} threads`;
