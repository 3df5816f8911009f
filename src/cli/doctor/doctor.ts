/** `tritbank doctor`: what is installed, what the machine can do, and what to do about what is missing. */

import { printableLines } from '../../ir/printable.ts';
import { paint, type Style } from '../colour.ts';
import { type CommonOptions, printResult, type TritbankCommand } from '../command.ts';
import type { Check } from './check.ts';

const example = 'tritbank doctor\ntritbank doctor --json';

export function addDoctor(program: TritbankCommand): void {
  const command = program.command('doctor');
  command
    .summary('what is installed and what this machine can do')
    .description(
      'Look at versions, the providers of ONNX Runtime, WebAssembly, processors, memory, places to write, and optional ' +
        'tools, and say what to do about what is missing. Status 1 where something is missing that Tritbank needs.',
    )
    .action(doctor);
  command.common(example);
}

type PrintStatements = typeof import('../../report/text-table.ts').printStatements;

const styles: Readonly<Record<Check['status'], Style>> = { ok: 'green', warn: 'yellow', missing: 'red' };

/** What is found and what to do about it, in lines that fit the terminal, each check's status in its colour. */
function describe(checks: readonly Check[], printStatements: PrintStatements): string {
  const width = Math.max(...checks.map(({ name }) => name.length));
  const texts = checks.map(({ name, status, found, advice, required }) => {
    const style = status === 'missing' && !required ? 'yellow' : styles[status];
    const term = `${status.padEnd(7)}  ${name.padEnd(width)}`;
    const text = printableLines(printStatements([{ term, texts: advice === undefined ? [found] : [found, advice] }]));
    return paint(style, text.slice(0, 7), process.stdout) + text.slice(7);
  });
  return texts.join('\n');
}

async function doctor(options: CommonOptions): Promise<void> {
  const [{ checkSoftware }, { checkMachine }] = await Promise.all([import('./software.ts'), import('./machine.ts')]);
  const checks = [...(await checkSoftware()), ...(await checkMachine())];
  const ok = checks.every(({ status, required }) => status !== 'missing' || !required);
  const { printStatements } = await import('../../report/text-table.ts');
  // its colours are its own
  printResult(options, { ok, checks }, () => describe(checks, printStatements), { isPrintable: true });
  if (!ok) process.exitCode = 1;
}
