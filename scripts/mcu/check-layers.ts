/**
 * Every layer of networks, on many drawn images: on emulated cores and by compilers of this machine, with and without
 * optimization, compared with the runtime. Takes half an hour; `results/bench/mcu-layers.json` has what it found.
 * What FILE has already is not run again.
 *
 *   npm run mcu:layers -- [--images N] [--out FILE]
 */

import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { plans, tasks } from '../../bench/mcu/networks.ts';
import { type CExport, exportC } from '../../src/export/c/index.ts';
import { writeFileAtomic } from '../../src/files/index.ts';
import { type CoreName, coreOf, missingTools, runTool } from '../../src/mcu/index.ts';
import { withWorkshop } from '../../src/mcu/workshop.ts';
import { equalText, hostHeader } from './equal-text.ts';

const cores: readonly CoreName[] = ['cortex-m4', 'cortex-m7', 'cortex-m55', 'cortex-m3'];
/** These have the portable kernels that cortex-m3 has. */
const others: readonly CoreName[] = ['cortex-m0plus', 'rv32imc'];
const compilers = ['gcc', 'clang'];
const optimizations = ['-O0', '-O3'];

export interface LayersRow {
  readonly network: string;
  readonly steps: number;
  readonly images: number;
  readonly on: string;
  readonly optimization: string;
  /** What the program printed: EQUAL and the number of images. */
  readonly found: string;
}

type Check = (exported: CExport, text: string, optimization: string) => Promise<string>;

const lastLine = (output: string) => /^(EQUAL|WRONG) \d+$/m.exec(output)?.[0] ?? output.trim().split('\n').at(-1)!;

const onCore =
  (name: CoreName): Check =>
  ({ program, files }, text, optimization) =>
    withWorkshop(coreOf(name), { optimization }, async ({ write, compile, link, run }) => {
      for (const [file, content] of files) if (!file.includes('/')) write(file, content);
      const sources = [`${program.name}.c`, 'tritbank_kernels.c'].map((file) => write(file, files.get(file)!));
      const objects = await Promise.all([...sources, write('equal.c', text)].map((source) => compile(source)));
      return lastLine((await run(await link('equal', objects))).output);
    });

const onHost =
  (compiler: string): Check =>
  async ({ program, files }, text, optimization) => {
    const folder = mkdtempSync(join(tmpdir(), 'tritbank-layers-'));
    try {
      for (const [file, content] of files) if (!file.includes('/')) writeFileSync(join(folder, file), content);
      writeFileSync(join(folder, 'semihost.h'), hostHeader);
      writeFileSync(join(folder, 'equal.c'), text);
      const sources = ['equal.c', `${program.name}.c`, 'tritbank_kernels.c'].map((file) => join(folder, file));
      await runTool(compiler, [optimization, '-std=c99', '-I', folder, '-o', join(folder, 'equal'), ...sources, '-lm']);
      return lastLine(await runTool(join(folder, 'equal'), []));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  };

async function version(tool: string): Promise<string | undefined> {
  return runTool(tool, ['--version']).then(
    (text) => text.split('\n')[0]!,
    () => undefined,
  );
}

const { values } = parseArgs({
  options: { images: { type: 'string', default: '100' }, out: { type: 'string' } },
});
const most = Number(values.images);
const few = Math.ceil(most / 20);
const contests = tasks
  .filter(({ name }) => !name.includes('1000 classes'))
  .flatMap(({ name, build }) => [
    { network: `${name}, quarter`, build: () => build(plans.quarter), images: most },
    { network: `${name}, int8`, build: () => build(), images: few },
  ]);
const usable: [string, Check, number][] = [];
for (const [names, atMost] of [
  [cores, most],
  [others, few],
] as const) {
  for (const name of names) if (missingTools(coreOf(name)).length === 0) usable.push([name, onCore(name), atMost]);
}
const versions: Record<string, string> = {};
for (const tool of [...compilers, 'arm-none-eabi-gcc', 'riscv64-unknown-elf-gcc', 'qemu-system-arm']) {
  const found = await version(tool);
  if (found === undefined) continue;
  versions[tool] = found;
  if (compilers.includes(tool)) usable.push([`host ${tool}`, onHost(tool), most]);
}
const { out } = values;
const command = ['npm run mcu:layers --', ...process.argv.slice(2)].join(' ');
const before = out && existsSync(out) ? (JSON.parse(readFileSync(out, 'utf8')) as { rows: LayersRow[] }).rows : [];
const rows: LayersRow[] = [];
for (const { network, build, images: wanted } of contests) {
  const exported = exportC(build(), { name: 'network', drawn: 1 });
  const texts = new Map<number, string>();
  for (const [on, check, atMost] of usable) {
    const images = Math.min(wanted, atMost);
    const text = texts.get(images) ?? equalText(exported.program, images);
    texts.set(images, text);
    for (const optimization of optimizations) {
      const key = { network, steps: exported.program.steps.length, images, on, optimization };
      const kept = before.find((row) =>
        Object.entries(key).every(([name, value]) => row[name as keyof LayersRow] === value),
      );
      const found = kept?.found ?? (await check(exported, text, optimization).catch((error: Error) => error.message));
      rows.push({ ...key, found });
      console.log(`${network}, ${images} images, ${on} ${optimization}: ${found}`);
      const report = { check: 'mcu-layers', date: new Date().toISOString(), command, versions, rows };
      if (out) writeFileAtomic(out, `${JSON.stringify(report, null, 1)}\n`);
    }
  }
}
const wrong = rows.filter(({ images, found }) => found !== `EQUAL ${images}`);
console.log(wrong.length === 0 ? `all layers equal (${rows.length} runs)` : `${wrong.length} of ${rows.length} differ`);
process.exitCode = wrong.length === 0 ? 0 : 1;
