/** `tritbank doctor`: what is installed, what the machine can do, and what to do about what is missing. */

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

const styles: Readonly<Record<Check['status'], Style>> = { ok: 'green', warn: 'yellow', missing: 'red' };

function describe(checks: readonly Check[]): string {
  const width = Math.max(...checks.map(({ name }) => name.length));
  const lines = checks.flatMap(({ name, status, found, advice, required }) => {
    const style = status === 'missing' && !required ? 'yellow' : styles[status];
    const first = `${paint(style, status.padEnd(7), process.stdout)}  ${name.padEnd(width)}  ${found}`;
    return advice === undefined ? [first] : [first, `${' '.repeat(9 + width)}  ${advice}`];
  });
  return lines.join('\n');
}

async function doctor(options: CommonOptions): Promise<void> {
  const [{ checkSoftware }, { checkMachine }] = await Promise.all([import('./software.ts'), import('./machine.ts')]);
  const checks = [...(await checkSoftware()), ...(await checkMachine())];
  const ok = checks.every(({ status, required }) => status !== 'missing' || !required);
  printResult(options, { ok, checks }, () => describe(checks));
  if (!ok) process.exitCode = 1;
}
