/** The machine that a compression is for, and what its files take there. */

import { readIntegerNetwork } from '../integer/index.ts';
import { type Graph, TritbankError } from '../ir/index.ts';
import { figureOf, limitsIn, limitUnits, readTarget, type TargetMachine, type Totals } from '../targets/index.ts';
import type { CompressConfig } from './compress-config.ts';
import type { Packed } from './deployment.ts';
import type { Job } from './job.ts';

/** Figures of the files on the machine that was planned for; what was predicted is in the plan. */
export interface TargetFigures {
  readonly name: string;
  readonly model: Totals;
  readonly control: Totals;
}

/** The machine to plan for. E_USAGE for limits that it does not have, and what `readTarget` throws. */
export function machineOf({ target, limits = {} }: CompressConfig): TargetMachine | undefined {
  const machine = target === undefined ? undefined : readTarget(target);
  const strange = machine && limitsIn(limits).find((name) => !machine.limits.includes(name));
  if (!strange) return machine;
  const expected = `expected limits on ${machine.limits.join(', ')}, found one on ${strange}`;
  throw new TritbankError('E_USAGE', `target '${target}'`, expected);
}

/** Figures of both files as far as they are known here; undefined without a machine. */
export function measureOnTarget({ machine, config, options }: Job, packed: Packed): TargetFigures | undefined {
  if (!machine) return undefined;
  const measure = (graph: Graph): Totals | undefined => {
    try {
      return machine.measure?.(readIntegerNetwork(graph));
    } catch (error) {
      // the files are there, and as good as they would be without these figures
      if (!(error instanceof TritbankError)) throw error;
      options.warn?.(`no figures of the target '${machine.name}': ${error.message}`);
      return undefined;
    }
  };
  const [model, control] = [measure(packed.model) ?? {}, measure(packed.control) ?? {}];
  warnOfExcess({ config, options }, model, control);
  return { name: machine.name, model, control };
}

/** Files are not exactly what was predicted of them: weights have been trained since. */
function warnOfExcess(
  { config: { limits = {} }, options }: Pick<Job, 'config' | 'options'>,
  model: Totals,
  control: Totals,
) {
  for (const name of limitsIn(limits)) {
    const [found, of] = [model[name], control[name]];
    if (found === undefined || of === undefined) continue;
    const most = figureOf(name, limits[name]!, of);
    if (found <= most) continue;
    const [is, was] = [found, most].map(Math.round);
    options.warn?.(`the file takes ${is} ${limitUnits[name]} (${name}), more than the limit of ${was}`);
  }
}
