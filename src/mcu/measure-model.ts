/** A model and its control on one core. */

import { exportC, type Optimize, readIntegers } from '../export/c/index.ts';
import { controlNetwork } from './control.ts';
import { type CoreName, coreOf } from './cores.ts';
import { type McuMeasure, measureOnCore } from './measure.ts';
import { requireTools } from './tools.ts';

export interface McuConfig {
  /** A packed file with 8-bit activations. */
  readonly model: string;
  readonly core: CoreName;
  /** What is scarce: flash, speed or balanced (default). */
  readonly optimize?: Optimize;
  /** An uncompressed int8 file (default: the layers of the model with int8 weights). */
  readonly control?: string;
  readonly signal?: AbortSignal;
}

export interface McuResult extends McuMeasure {
  readonly model: string;
  readonly core: CoreName;
  readonly optimize: Optimize;
  /** Instructions were counted, and every layer equals the runtime's. */
  readonly measured: true;
  /** How cycles were estimated of instructions. */
  readonly cycles: string;
  readonly control: Omit<McuMeasure, 'steps'>;
}

/**
 * Builds a model for a core, runs it on QEMU and counts. E_DEVICE where a compiler or QEMU is absent.
 *
 * @example
 * import { measureModel, TritbankError } from 'tritbank';
 *
 * try {
 *   const { instructions, flash, control } = await measureModel({ model: 'small.onnx', core: 'cortex-m4' });
 *   console.log(instructions / control.instructions, flash / control.flash);
 * } catch (error) {
 *   if (!(error instanceof TritbankError) || error.code !== 'E_DEVICE') throw error;
 *   console.log(error.message); // what to install
 * }
 */
export async function measureModel({ model, core, optimize, control, signal }: McuConfig): Promise<McuResult> {
  const target = coreOf(core);
  requireTools(target);
  const network = await readIntegers(model);
  const other = control === undefined ? controlNetwork(network) : await readIntegers(control);
  const options = { drawn: 1, ...(optimize && { optimize }) };
  const measure = (own: typeof network, name: string) =>
    measureOnCore(exportC(own, { name, ...options }), target, signal ? { signal } : {});
  const own = await measure(network, 'network');
  const { steps: _, ...rest } = await measure(other, 'control');
  return {
    ...{ model, core, optimize: optimize ?? 'balanced', measured: true, cycles: target.cycles },
    ...own,
    control: rest,
  };
}
