/**
 * What a layer costs on a core, before there is a network: sums over the loops of the kernels that `export --to c` takes,
 * with coefficients fitted to counts on an emulated core. docs/microcontrollers.md has their errors.
 */

import { rowBytes, structBytes } from '../export/c/layers.ts';
import { prefersTrits } from '../export/c/matrix.ts';
import type { Optimize } from '../export/c/optimize.ts';
import { quadsOf, tilesOf } from '../export/c/steps.ts';
import { type CoreName, hasVectors } from './cores.ts';
import { costOf } from './costs/coefficients.ts';
import { expectedGaps } from './costs/gaps.ts';
import type { MatrixShape, StepShape, TernaryShape } from './costs/shape.ts';
import {
  additionWork,
  connectedWork,
  denseWork,
  depthwiseWork,
  isPoint,
  poolWork,
  ternaryWork,
  type WindowShape,
  type Work,
} from './costs/terms.ts';

export type { StepKind, StepShape, TernaryShape } from './costs/shape.ts';

export interface StepCost {
  readonly instructions: number;
  /** By the core's table of timings, without wait states. */
  readonly cycles: number;
  /** Bytes of constants. */
  readonly flash: number;
}

interface Part {
  readonly work?: Work;
  readonly flash: number;
}

/** About what a layer in the middle of a network may take of the memory that others need anyway. */
const usualRoom = 12 * 1024;

const fours = (n: number) => 4 * Math.ceil(n / 4);

function densePart({ filters, kernel, channels, room = usualRoom, ...area }: StepShape, window: WindowShape): Part {
  if (filters === 0) return { flash: 0 };
  const columns = channels * kernel[0] * kernel[1];
  const bytes = 2 * Math.ceil(filters / 2) * fours(columns);
  return {
    work: denseWork(filters, columns, area, window, quadsOf(columns, area.height * area.width, !isPoint(window), room)),
    flash: bytes + rowBytes * filters + structBytes.matrix + structBytes.convolution,
  };
}

/** Both matrices, whose zeros are taken to be as frequent. */
function ternaryPart(
  { kernel, channels, room = usualRoom, ...area }: StepShape,
  { hidden, filters, nonZero }: TernaryShape,
  window: WindowShape,
  optimize: Optimize,
  isVector: boolean,
): Part {
  if (filters === 0) return { flash: 0 };
  const columns = channels * kernel[0] * kernel[1];
  const sizes = hidden === 0 ? [[filters, columns] as const] : [[hidden, columns] as const, [filters, hidden] as const];
  const weights = sizes.reduce((sum, [rows, n]) => sum + rows * n, 0);
  const tiles = tilesOf(
    sizes.map(([, n]) => n),
    area.height * area.width,
    room,
  );
  let flash: number = structBytes.convolution;
  let isDecoded = false;
  const matrices = sizes.map(([rows, n]): MatrixShape => {
    const nonZeros = Math.max(1, (nonZero * rows * n) / weights);
    const nibbles = expectedGaps(rows, n, nonZeros);
    const lists = 2 * rows + nibbles / 2;
    const isTrits = prefersTrits({ rows, columns: n, nonZeros, lists, tiles }, optimize);
    isDecoded ||= isTrits;
    flash += (isTrits ? rows * Math.ceil(n / 5) : lists) + rowBytes * rows + structBytes.matrix;
    return { rows, columns: n, form: isTrits ? 'trits' : 'lists', nibbles };
  });
  return { work: ternaryWork(matrices, area, window, isDecoded ? tiles : Math.min(2, tiles), isVector), flash };
}

function connectedPart({ filters, channels, kernel, ternary }: StepShape): Part {
  const columns = channels * kernel[0] * kernel[1];
  if (!ternary) {
    return {
      work: connectedWork(filters, columns, 'plain'),
      flash: filters * columns + rowBytes * filters + structBytes.connected,
    };
  }
  const rows = ternary.filters;
  return {
    work: connectedWork(rows, columns, 'trits'),
    flash: rows * Math.ceil(columns / 5) + rowBytes * rows + structBytes.connected,
  };
}

function partsOf(step: StepShape, optimize: Optimize, isVector: boolean): Part[] {
  const { kind, channels, filters, kernel, stride = 1, ternary, ...area } = step;
  const window = { kernel, stride };
  switch (kind) {
    case 'add':
      return [{ work: additionWork(channels * area.height * area.width), flash: structBytes.plain }];
    case 'pool':
      return [{ work: poolWork(channels, area, kernel), flash: structBytes.plain }];
    case 'depthwise':
      return [
        {
          work: depthwiseWork(channels, filters, area, window),
          flash: filters * (kernel[0] * kernel[1] + rowBytes) + structBytes.depthwise,
        },
      ];
    case 'connected':
      if (!ternary || ternary.hidden === 0) return [connectedPart(step)];
      return [
        connectedPart({ ...step, ternary: { ...ternary, hidden: 0, filters: ternary.hidden } }),
        connectedPart({ ...step, channels: ternary.hidden, kernel: [1, 1], ternary: { ...ternary, hidden: 0 } }),
        ...(filters > 0 ? [connectedPart({ kind, channels, filters, kernel, ...area })] : []),
      ];
    default:
      return [densePart(step, window), ...(ternary ? [ternaryPart(step, ternary, window, optimize, isVector)] : [])];
  }
}

/**
 * Instructions, cycles and bytes of constants of a layer on a core, `optimize` as for `export --to c` (default: balanced).
 * The code of kernels is not in `flash`.
 *
 * @example
 * import { predictStep } from 'tritbank';
 *
 * const shape = { kind: 'bank', height: 12, width: 12, channels: 64, filters: 32, kernel: [1, 1] } as const;
 * const ternary = { hidden: 40, filters: 32, nonZero: 1200 };
 * console.log(predictStep('cortex-m4', { ...shape, ternary }).instructions);
 */
export function predictStep(core: CoreName, step: StepShape, optimize: Optimize = 'balanced'): StepCost {
  let [instructions, cycles, flash] = [0, 0, 0];
  for (const part of partsOf(step, optimize, hasVectors(core))) {
    flash += part.flash;
    if (!part.work) continue;
    const cost = costOf(core, part.work);
    instructions += cost.instructions;
    cycles += cost.cycles;
  }
  return { instructions: Math.round(instructions), cycles: Math.round(cycles), flash: Math.round(flash) };
}
