/** A network on an emulated core: instructions and cycles of each step, flash, RAM. */

import type { CExport } from '../export/c/export-c.ts';
import type { MemoryBlock } from '../export/c/memory.ts';
import { TritbankError } from '../ir/index.ts';
import type { Core } from './cores.ts';
import { countText, emptyText, smallestText } from './measure-text.ts';
import { type MeasureOptions, withWorkshop } from './workshop.ts';

export type { MeasureOptions } from './workshop.ts';

export interface StepMeasure {
  readonly name: string;
  readonly kernel: string;
  readonly instructions: number;
  readonly estimatedCycles: number;
  /** Bytes of constants. */
  readonly flash: number;
}

export interface McuMeasure {
  readonly instructions: number;
  readonly estimatedCycles: number;
  /** Bytes of constants and code, without start-up and C library. */
  readonly flash: number;
  /** Bytes of the arena and the stack; input and scores are the application's. */
  readonly ram: number;
  readonly arena: number;
  readonly stack: number;
  /** What lies where in the arena, and for which steps. */
  readonly memory: readonly MemoryBlock[];
  readonly steps: readonly StepMeasure[];
}

/** Builds and runs it. E_DEVICE where tools are absent or a step gives something else than the runtime. */
export function measureOnCore(
  { program, files }: CExport,
  core: Core,
  options: MeasureOptions = {},
): Promise<McuMeasure> {
  return withWorkshop(core, options, async ({ write, compile, link, flashOf, run }) => {
    const paths = new Map([...files].map(([name, text]) => [name, write(name, text)]));
    const objects: string[] = [];
    for (const name of [`${program.name}.c`, 'tritbank_kernels.c']) objects.push(await compile(paths.get(name)!));
    const build = async (name: string, text: string, others: readonly string[]) =>
      link(name, [await compile(write(`${name}.c`, text)), ...others]);
    const smallest = await flashOf(await build('smallest', smallestText(program), objects));
    const empty = await flashOf(await build('empty', emptyText, []));
    const { output, counts, stack } = await run(await build('count-steps', countText(program), objects));
    if (counts.length !== program.steps.length || Number.isNaN(stack)) {
      const found = output.trim().split('\n').slice(-3).join(' | ');
      throw new TritbankError('E_DEVICE', core.emulator, `expected ${program.steps.length} counts, found '${found}'`);
    }
    const steps = program.steps.map(({ name, kind }, i) => {
      const [instructions, estimatedCycles] = counts[i]!;
      return { name, kernel: kind, instructions, estimatedCycles, flash: program.flash[i]! };
    });
    const sum = (key: 'instructions' | 'estimatedCycles') => steps.reduce((total, step) => total + step[key], 0);
    const { bytes: arena, blocks: memory } = program.memory;
    return {
      ...{ instructions: sum('instructions'), estimatedCycles: sum('estimatedCycles') },
      ...{ flash: smallest - empty, ram: arena + stack, arena, stack, memory, steps },
    };
  });
}
