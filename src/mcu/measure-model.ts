/** A model and its control on one core. */

import { exportC, type Optimize, readIntegers } from '../export/c/index.ts';
import type { IntegerNetwork } from '../integer/index.ts';
import { TritbankError } from '../ir/index.ts';
import { controlNetwork } from './control.ts';
import { type CoreName, coreOf } from './cores.ts';
import { type McuMeasure, measureOnCore } from './measure.ts';
import { predictOnCore } from './predict.ts';
import { missingTools } from './tools.ts';

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
  /** Instructions were counted, and every layer equals the runtime's; else they are predicted by cost functions. */
  readonly measured: boolean;
  /** How cycles were estimated of instructions. */
  readonly cycles: string;
  readonly control: Omit<McuMeasure, 'steps' | 'memory'>;
}

const formOf = ({ input: { tensor }, output }: IntegerNetwork) => {
  const classes = output.tensor.channels * output.tensor.height * output.tensor.width;
  return `images of ${tensor.channels} x ${tensor.height} x ${tensor.width} in ${classes} classes`;
};

/** E_MODEL for a control that another task has: its figures would say nothing. */
export function checkControl(control: string, network: IntegerNetwork, other: IntegerNetwork): void {
  const [expected, found] = [formOf(network), formOf(other)];
  if (expected === found) return;
  throw new TritbankError('E_MODEL', control, `expected ${expected} as the model has, found ${found}`);
}

/**
 * Builds a model for a core, runs it on QEMU and counts; predicts it where a compiler or QEMU is absent. E_DEVICE where a
 * layer gives something else than the runtime, E_MODEL for a control of other images or classes.
 *
 * @example
 * import { measureModel } from 'tritbank';
 *
 * const { instructions, flash, control, measured } = await measureModel({ model: 'small.onnx', core: 'cortex-m4' });
 * console.log(measured ? 'counted' : 'predicted', instructions / control.instructions, flash / control.flash);
 */
export async function measureModel({ model, core, optimize, control, signal }: McuConfig): Promise<McuResult> {
  const target = coreOf(core);
  const missing = missingTools(target);
  const network = await readIntegers(model);
  const other = control === undefined ? controlNetwork(network) : await readIntegers(control);
  if (control !== undefined) checkControl(control, network, other);
  const options = { drawn: 1, ...(optimize && { optimize }) };
  const measure = async (own: typeof network, name: string) => {
    const exported = exportC(own, { name, ...options });
    return missing.length > 0 ? predictOnCore(exported, target) : measureOnCore(exported, target, { signal });
  };
  const own = await measure(network, 'network');
  const { steps: _, memory: __, ...rest } = await measure(other, 'control');
  return {
    ...{ model, core, optimize: optimize ?? 'balanced', measured: missing.length === 0, cycles: target.cycles },
    ...own,
    control: rest,
  };
}
