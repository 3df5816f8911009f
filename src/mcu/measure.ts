/** A network on an emulated core: instructions and cycles of each step, flash, RAM. */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { CExport } from '../export/c/export-c.ts';
import { TritbankError } from '../ir/index.ts';
import type { Core } from './cores.ts';
import { countText, emptyText, linkerText, smallestText } from './measure-text.ts';
import { requireTools, runTool } from './tools.ts';

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
  readonly steps: readonly StepMeasure[];
}

export interface MeasureOptions {
  readonly signal?: AbortSignal;
  /** Of the compiler (default: -O3). */
  readonly optimization?: string;
}

/** What runs C on an emulated core. */
const here = fileURLToPath(new URL('../../kernels-c/mcu/', import.meta.url));

/** Builds and runs it. E_DEVICE where tools are absent or a step gives something else than the runtime. */
export async function measureOnCore(
  { program, files }: CExport,
  core: Core,
  { signal, optimization = '-O3' }: MeasureOptions = {},
): Promise<McuMeasure> {
  requireTools(core);
  const directory = mkdtempSync(join(tmpdir(), 'tritbank-mcu-'));
  const at = (name: string) => join(directory, name);
  const tool = (name: string, args: readonly string[]) => runTool(name, args, { ...(signal && { signal }) });
  try {
    for (const [name, text] of files) writeFileSync(at(name), text);
    writeFileSync(at('count-steps.c'), countText(program));
    writeFileSync(at('smallest.c'), smallestText(program));
    writeFileSync(at('empty.c'), emptyText);
    writeFileSync(at('link.ld'), linkerText(core, readFileSync(join(here, 'sections.ld'), 'utf8')));
    const plugin = at('count.so');
    await tool('cc', ['-O2', '-shared', '-fPIC', '-o', plugin, join(here, 'count.c')]);
    const includes = ['-I', here, '-I', directory, '-isystem', join(here, 'include')];
    // loops of memcpy must not become calls of memcpy
    const compiled = [...core.flags, optimization, '-fno-tree-loop-distribute-patterns', '-std=gnu99', ...includes];
    const compile = async (source: string): Promise<string> => {
      const object = at(`${basename(source, '.c')}.o`);
      await tool(core.compiler, [...compiled, '-ffunction-sections', '-fdata-sections', '-c', source, '-o', object]);
      return object;
    };
    const link = async (main: string, objects: readonly string[]): Promise<string> => {
      const elf = at(`${main}.elf`);
      const own = [await compile(at(`${main}.c`)), ...objects];
      const how = ['-nostdlib', '-Wl,--gc-sections', '-T', at('link.ld')];
      await tool(core.compiler, [...core.flags, ...how, ...own, '-lgcc', '-o', elf]);
      return elf;
    };
    const startup = await compile(join(here, 'startup.c'));
    const objects = [startup, await compile(at(`${program.name}.c`)), await compile(at('tritbank_kernels.c'))];
    const counted = await link('count-steps', objects);
    const smallest = await flashOf(await link('smallest', objects), core, tool);
    const empty = await flashOf(await link('empty', [startup]), core, tool);
    const output = await tool(core.emulator, [
      ...[...core.board, '-display', 'none', '-serial', 'null', '-monitor', 'none'],
      ...['-semihosting-config', 'enable=on,target=native', '-plugin', `${plugin},model=${core.model}`],
      ...['-kernel', counted],
    ]);
    const counts = [...output.matchAll(/^COUNT (\d+) (\d+)$/gm)].map(([, i, c]) => [Number(i), Number(c)] as const);
    const stack = Number(/^STACK (\d+)$/m.exec(output)?.[1] ?? Number.NaN);
    if (counts.length !== program.steps.length || Number.isNaN(stack)) {
      const found = output.trim().split('\n').slice(-3).join(' | ');
      throw new TritbankError('E_DEVICE', core.emulator, `expected ${program.steps.length} counts, found '${found}'`);
    }
    const steps = program.steps.map(({ name, kind }, i) => {
      const [instructions, estimatedCycles] = counts[i]!;
      return { name, kernel: kind, instructions, estimatedCycles, flash: program.flash[i]! };
    });
    const sum = (key: 'instructions' | 'estimatedCycles') => steps.reduce((total, step) => total + step[key], 0);
    const arena = program.memory.bytes;
    return {
      ...{ instructions: sum('instructions'), estimatedCycles: sum('estimatedCycles') },
      ...{ flash: smallest - empty, ram: arena + stack, arena, stack, steps },
    };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Bytes of the sections that lie in flash. */
async function flashOf(
  elf: string,
  { compiler }: Core,
  tool: (name: string, args: readonly string[]) => Promise<string>,
): Promise<number> {
  const lines = (await tool(compiler.replace(/gcc$/, 'size'), ['-A', elf])).split('\n');
  const size = (section: string) =>
    Number(
      new RegExp(`^${section.replaceAll('.', '\\.')}\\s+(\\d+)`).exec(
        lines.find((l) => l.startsWith(`${section} `)) ?? '',
      )?.[1] ?? 0,
    );
  return size('.text') + size('.ARM.exidx') + size('.data');
}
