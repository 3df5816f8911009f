/** What the kernel benchmark computes. A task is one layer; all contestants do the same multiply-accumulates. */

/** Several products with weights of their own and the same activations, so that copying activations in and out is shared. */
export const productsPerRun = 4;

export interface ProductTask {
  readonly kind: 'product';
  readonly rows: number;
  readonly columns: number;
  readonly pixels: number;
  /** Part of the ternary weights that is not zero. */
  readonly density: number;
}

/** 3 x 3, pads of 1. */
export interface DepthwiseTask {
  readonly kind: 'depthwise';
  readonly channels: number;
  readonly size: number;
  readonly stride: 1 | 2;
}

export type Task = ProductTask | DepthwiseTask;

export const describeTask = (task: Task): string =>
  task.kind === 'product'
    ? `${task.rows} x ${task.columns} x ${task.pixels}`
    : `depthwise ${task.channels} x ${task.size} x ${task.size}, stride ${task.stride}`;

export function macsOf(task: Task): number {
  if (task.kind === 'product') return productsPerRun * task.rows * task.columns * task.pixels;
  return 9 * task.channels * outSizeOf(task) ** 2;
}

export const outSizeOf = ({ size, stride }: DepthwiseTask): number => Math.ceil(size / stride);

/** Square layers of MobileNets at the sizes of their maps, and one of them at several densities. */
export function defaultTasks(
  channels: readonly number[],
  pixels: readonly number[],
  density: readonly number[],
): Task[] {
  const products = channels.flatMap((c) =>
    pixels.flatMap((p) => density.map((d): Task => ({ kind: 'product', rows: c, columns: c, pixels: p, density: d }))),
  );
  const depthwise = [
    { channels: 64, size: 56, stride: 1 },
    { channels: 128, size: 28, stride: 2 },
    { channels: 256, size: 14, stride: 1 },
    { channels: 512, size: 7, stride: 1 },
  ] as const;
  return [...products, ...depthwise.map((d) => ({ kind: 'depthwise', ...d }) as const)];
}
