/** The machine that a compression is for, and what its files take there. */

import type { PlanFile } from '../cost/plan-file.ts';
import { type Graph, TritbankError } from '../ir/index.ts';
import {
  figureOf,
  isShare,
  limitsIn,
  limitUnits,
  readTarget,
  type TargetMachine,
  type Totals,
} from '../targets/index.ts';
import type { CompressConfig } from './compress-config.ts';
import type { Packed } from './deployment.ts';
import type { Footprint } from './footprint.ts';
import type { Job } from './job.ts';

/** What a layer takes in both files, in milliseconds, the least of all runs; a bank is the sum of its parts. */
export interface LayerMilliseconds {
  readonly name: string;
  readonly model: number;
  readonly control: number;
}

/** Figures of the files on the machine that was planned for; what was predicted is in the plan. */
export interface TargetFigures {
  readonly name: string;
  readonly model: Totals;
  readonly control: Totals;
  /** Latency over the control's, where it is limited: as planned, of the files as predicted, and as measured. */
  readonly latency?: { readonly planned: number; readonly predicted: number; readonly measured?: number };
  readonly measured?: { readonly model: Totals; readonly control: Totals };
  /** As measured. */
  readonly layers?: readonly LayerMilliseconds[];
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
export function measureOnTarget(
  { machine, config, options }: Job,
  packed: Packed,
  footprint: Footprint,
  { target: planned }: Pick<PlanFile, 'target'>,
): TargetFigures | undefined {
  if (!machine) return undefined;
  const measure = (graph: Graph): Totals => {
    try {
      return machine.measure(graph);
    } catch (error) {
      // the files are there, and as good as they would be without these figures
      if (!(error instanceof TritbankError)) throw error;
      options.warn?.(`no figures of the target '${machine.name}': ${error.message}`);
      return {};
    }
  };
  const [model, control] = [measure(packed.model), measure(packed.control)];
  warnOfExcess({ config, options }, model, control);
  const figures = { name: machine.name, model, control };
  if (!machine.isRuntime) return figures;
  if (!machine.isHere) {
    const [wanted, found] =
      machine.name === 'wasm' ? ['without', 'one with it'] : ['with', 'one without it, unlike Node 22'];
    options.warn?.(`times were not measured: ${machine.name} is an engine ${wanted} relaxed SIMD, this is ${found}`);
  }
  const found = measuredLatency(figures, footprint, planned);
  const { latency: limit } = config.limits ?? {};
  const measured = machine.isHere ? found.latency?.measured : undefined;
  if (limit !== undefined && measured !== undefined && measured > figureOf('latency', limit, 1)) {
    const excess = `${measured.toFixed(3)} of the control's time was measured here, more than the limit of ${limit}`;
    options.warn?.(`${excess}: machines differ from the one that costs are of, and other work changes times`);
  }
  return { ...figures, ...found };
}

/** The part of a layer's name that a filter bank adds. */
const bankPart = /_(fp|hidden|ternary)$/;

function layersOf({ model, control }: NonNullable<Footprint['layers']>): LayerMilliseconds[] {
  const names = [...new Set(control.map(({ name }) => name))];
  const known = new Set(names);
  const ownOf = (name: string) => (known.has(name) ? name : name.replace(bankPart, ''));
  const sum = (times: typeof model, layer: string) =>
    times.reduce((total, { name, least }) => total + (ownOf(name) === layer ? least : 0), 0);
  return names.map((name) => ({ name, model: sum(model, name), control: sum(control, name) }));
}

function measuredLatency(
  { model, control }: Pick<TargetFigures, 'model' | 'control'>,
  { model: { runtime }, control: { runtime: other }, layers, latency }: Footprint,
  planned: PlanFile['target'],
): Partial<TargetFigures> {
  const figure = planned?.totals.latency;
  if (!figure || model.latency === undefined || !control.latency) return {};
  const shares = { planned: figure.predicted / figure.control, predicted: model.latency / control.latency };
  if (!runtime || !other || !layers) return { latency: shares };
  return {
    latency: { ...shares, ...(latency !== undefined && { measured: latency }) },
    measured: { model: { latency: runtime.milliseconds }, control: { latency: other.milliseconds } },
    layers: layersOf(layers),
  };
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
    const [is, was] = [found, most].map((figure) =>
      isShare(limits[name]!)
        ? `${(figure / of).toFixed(3)} of the control's`
        : `${Math.round(figure)} ${limitUnits[name]}`,
    );
    options.warn?.(`the file takes ${is} (${name}), more than the limit of ${was}`);
  }
}
