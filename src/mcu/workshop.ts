/** A folder where programs for a core are built, and run on QEMU. */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Core } from './cores.ts';
import { linkerText } from './measure-text.ts';
import { requireTools, runTool } from './tools.ts';

export interface MeasureOptions {
  readonly signal?: AbortSignal | undefined;
  /** Of the compiler (default: -O3). */
  readonly optimization?: string;
}

/** Instructions and cycles between each pair of markers. */
export type Counts = readonly (readonly [instructions: number, cycles: number])[];

export interface Run {
  readonly output: string;
  readonly counts: Counts;
  /** Bytes that main took; NaN where it did not return. */
  readonly stack: number;
}

export interface Workshop {
  /** Writes a file of the folder; returns its path. */
  write(name: string, text: string): string;
  /** An object file of a C file. */
  compile(source: string, flags?: readonly string[]): Promise<string>;
  /** A program of objects, start-up included. */
  link(name: string, objects: readonly string[]): Promise<string>;
  /** Bytes of a program in flash. */
  flashOf(elf: string): Promise<number>;
  run(elf: string): Promise<Run>;
}

/** What runs C on an emulated core. */
const here = fileURLToPath(new URL('../../kernels-c/mcu/', import.meta.url));

/** E_DEVICE where tools are absent, or one fails. The folder is gone afterwards. */
export async function withWorkshop<T>(
  core: Core,
  { signal, optimization = '-O3' }: MeasureOptions,
  use: (workshop: Workshop) => Promise<T>,
): Promise<T> {
  requireTools(core);
  const directory = mkdtempSync(join(tmpdir(), 'tritbank-mcu-'));
  const at = (name: string) => join(directory, name);
  const tool = (name: string, args: readonly string[]) => runTool(name, args, { ...(signal && { signal }) });
  const write = (name: string, text: string): string => {
    writeFileSync(at(name), text);
    return at(name);
  };
  const includes = ['-I', here, '-I', directory, '-isystem', join(here, 'include')];
  // loops of memcpy must not become calls of memcpy
  const always = [...core.flags, optimization, '-fno-tree-loop-distribute-patterns', '-std=gnu99', ...includes];
  const compile = async (source: string, flags: readonly string[] = []): Promise<string> => {
    const object = at(`${basename(source, '.c')}.o`);
    const sections = ['-ffunction-sections', '-fdata-sections'];
    await tool(core.compiler, [...always, ...flags, ...sections, '-c', source, '-o', object]);
    return object;
  };
  let plugin: string | undefined;
  let startup: string | undefined;
  try {
    write('link.ld', linkerText(core, readFileSync(join(here, 'sections.ld'), 'utf8')));
    return await use({
      write,
      compile,
      async link(name, objects) {
        startup ??= await compile(join(here, 'startup.c'));
        const how = ['-nostdlib', '-Wl,--gc-sections', '-T', at('link.ld')];
        await tool(core.compiler, [...core.flags, ...how, startup, ...objects, '-lgcc', '-o', at(`${name}.elf`)]);
        return at(`${name}.elf`);
      },
      async flashOf(elf) {
        const table = await tool(core.compiler.replace(/gcc$/, 'size'), ['-A', elf]);
        const sizes = new Map([...table.matchAll(/^(\S+)\s+(\d+)/gm)].map(([, name, bytes]) => [name, Number(bytes)]));
        return ['.text', '.ARM.exidx', '.data'].reduce((sum, name) => sum + (sizes.get(name) ?? 0), 0);
      },
      async run(elf) {
        if (plugin === undefined) {
          plugin = at('count.so');
          await tool('cc', ['-O2', '-shared', '-fPIC', '-o', plugin, join(here, 'count.c')]);
        }
        const output = await tool(core.emulator, [
          ...[...core.board, '-display', 'none', '-serial', 'null', '-monitor', 'none'],
          ...['-semihosting-config', 'enable=on,target=native', '-plugin', `${plugin},model=${core.model}`],
          ...['-kernel', elf],
        ]);
        const counts = [...output.matchAll(/^COUNT (\d+) (\d+)$/gm)].map(([, i, c]) => [Number(i), Number(c)] as const);
        return { output, counts, stack: Number(/^STACK (\d+)$/m.exec(output)?.[1] ?? Number.NaN) };
      },
    });
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
