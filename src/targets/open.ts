/** Targets by name, or from files: what can be limited on them, and how they are made for a network. */

import { measureCycles } from '../hardware/index.ts';
import { readIntegerNetwork } from '../integer/index.ts';
import { type Graph, TritbankError } from '../ir/index.ts';
import { type CoreName, coreNamed, coreNames } from '../mcu/index.ts';
import { dotOffset, hasRelaxedSimd } from '../runtime/kernels/wasm.ts';
import { arrayTarget } from './array/array-target.ts';
import { arrayNames, readArray } from './array/read-array.ts';
import { coreFigures, coreTarget } from './core/core-target.ts';
import type { LimitName, PlanningTarget, Totals } from './target.ts';
import { predictLatency, wasmTarget } from './wasm/wasm-target.ts';

/** A machine, for any network. */
export interface TargetMachine {
  readonly name: string;
  /** What can be limited on it. */
  readonly limits: readonly LimitName[];
  /** Whether zeros of ternary weights take no time, so that sparse ones are worth looking at. */
  readonly skipsZeros: boolean;
  /** The limit that is about time. */
  readonly time: LimitName;
  /** Whether it is the runtime of this package, of whose times only shares can be limited. */
  readonly isRuntime?: boolean;
  /** Whether the runtime is that here, so that times can be measured. */
  readonly isHere?: boolean;
  /** The target for an uncompressed network in 8 bits, as it was exported. */
  open(control: Graph): PlanningTarget;
  /** Figures of a network as it was exported, compressed or not, without the machine. */
  measure(network: Graph): Totals;
}

function arrayMachine(name: string): TargetMachine {
  const array = readArray(name);
  return {
    name,
    limits: ['cycles'],
    skipsZeros: array.adders > 0 && array.ternary === 'lists',
    time: 'cycles',
    open: (control) => arrayTarget(name, readIntegerNetwork(control), array),
    measure: (network) => ({ cycles: measureCycles(readIntegerNetwork(network), array).cycles }),
  };
}

function coreMachine(core: CoreName): TargetMachine {
  return {
    name: core,
    limits: ['instructions', 'flash', 'ram'],
    skipsZeros: true,
    time: 'instructions',
    open: (control) => coreTarget(core, readIntegerNetwork(control)),
    measure: (network) => coreFigures(core, readIntegerNetwork(network)),
  };
}

/** This package's runtime, in engines without relaxed SIMD and with it. */
const runtimes: Readonly<Record<string, TargetMachine>> = Object.fromEntries(
  [false, true].map((isRelaxed) => {
    const name = isRelaxed ? 'wasm-relaxed' : 'wasm';
    const machine: TargetMachine = {
      ...{ name, limits: ['latency'], skipsZeros: true, time: 'latency', isRuntime: true },
      isHere: isRelaxed ? dotOffset() !== undefined : !hasRelaxedSimd(),
      open: (control) => wasmTarget(name, control, isRelaxed),
      measure: (network) => ({ latency: predictLatency(network, isRelaxed) }),
    };
    return [name, machine];
  }),
);

/** What every target is called, files of arrays apart. */
export const targetNames: readonly string[] = [...Object.keys(runtimes), ...coreNames, ...arrayNames];

/**
 * A machine by its name, or an array from its file. E_USAGE for another name; E_FILE, E_FORMAT and E_USAGE for a file that
 * is no array's.
 *
 * @example
 * import { compressModel, readTarget } from 'tritbank';
 *
 * console.log(readTarget('cortex-m4').limits); // instructions, flash, ram
 * const settings = { data: 'images', target: 'cortex-m4', limits: { flash: '256K' }, method: 'none', images: 16 } as const;
 * const { result } = await compressModel('mobilenet.onnx', settings, { out: 'runs/firmware' });
 * console.log(result.target!.model.flash, result.target!.control.flash);
 */
export function readTarget(nameOrPath: string): TargetMachine {
  const core = coreNamed(nameOrPath);
  if (core) return coreMachine(core);
  if (Object.hasOwn(runtimes, nameOrPath)) return runtimes[nameOrPath]!;
  if (targetNames.includes(nameOrPath) || nameOrPath.endsWith('.json')) return arrayMachine(nameOrPath);
  const expected = `expected one of ${targetNames.join(', ')}, or an array's JSON file, found '${nameOrPath}'`;
  throw new TritbankError('E_USAGE', 'target', expected);
}
