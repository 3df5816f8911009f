/** A network on a core without compiler and emulator: what the cost functions say. */

import type { CExport } from '../export/c/export-c.ts';
import type { Program } from '../export/c/program.ts';
import { type Core, type CoreName, coreNames, coreOf } from './cores.ts';
import { coreCosts } from './costs/coefficients.ts';
import { predictProgram } from './costs/steps.ts';
import type { McuMeasure } from './measure.ts';

/** As `measureOnCore`; constants and arena are exact, all else is predicted. */
export function predictOnCore({ program }: Pick<CExport, 'program'>, { name }: Core): McuMeasure {
  const core = name as CoreName;
  const { code, stack } = coreCosts(core);
  const costs = predictProgram(core, program);
  const steps = program.steps.map((step, i) => ({
    ...{ name: step.name, kernel: step.kind, instructions: Math.round(costs[i]!.instructions) },
    ...{ estimatedCycles: Math.round(costs[i]!.cycles), flash: program.flash[i]! },
  }));
  const sum = (of: (step: (typeof steps)[number]) => number) => steps.reduce((total, step) => total + of(step), 0);
  const kinds = new Set<string>(program.steps.map(({ kind }) => kind));
  const text = [...kinds].reduce((total, kind) => total + (code[kind] ?? 0), code.none ?? 0);
  const { bytes: arena, blocks: memory } = program.memory;
  return {
    instructions: sum(({ instructions }) => instructions),
    estimatedCycles: sum(({ estimatedCycles }) => estimatedCycles),
    flash: sum(({ flash }) => flash) + text,
    ...{ ram: arena + stack, arena, stack, memory, steps },
  };
}

/** The same on every core, for the README of an export. */
export const predictCores = (program: Program) =>
  coreNames.map((core) => ({ core, ...predictOnCore({ program }, coreOf(core)) }));
