/** Programs of others: where they are, and running them. */

import { execFile } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { TritbankError } from '../ir/index.ts';
import type { Core } from './cores.ts';

const execute = promisify(execFile);

/** Debian's packages. */
const packages: Readonly<Record<string, string>> = {
  'arm-none-eabi-gcc': 'gcc-arm-none-eabi',
  'qemu-system-arm': 'qemu-system-arm',
  'riscv64-unknown-elf-gcc': 'gcc-riscv64-unknown-elf',
  'qemu-system-riscv32': 'qemu-system-misc',
  cc: 'gcc libc6-dev',
};

function isInstalled(program: string): boolean {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** Programs that measuring on a core needs and that are not there. */
export const missingTools = ({ compiler, emulator }: Core): string[] =>
  [compiler, emulator, 'cc'].filter((program) => !isInstalled(program));

/** What is missing, and what to install. */
export const installText = (missing: readonly string[]): string =>
  `no ${missing.join(', ')} (Debian: apt-get install ${missing.map((name) => packages[name]).join(' ')})`;

/** E_DEVICE with what to install. */
export function requireTools(core: Core): void {
  const missing = missingTools(core);
  if (missing.length === 0) return;
  const found = installText(missing);
  throw new TritbankError('E_DEVICE', core.name, `expected a compiler and an emulator for it, found ${found}`);
}

/** What a program prints. E_DEVICE with its last words when it fails. */
export async function runTool(
  program: string,
  args: readonly string[],
  { seconds = 600, signal }: { readonly seconds?: number; readonly signal?: AbortSignal } = {},
): Promise<string> {
  try {
    const options = { timeout: 1000 * seconds, maxBuffer: 1 << 26, ...(signal && { signal }) };
    const { stdout, stderr } = await execute(program, args, options);
    return stdout + stderr;
  } catch (cause) {
    if (cause instanceof Error && cause.name === 'AbortError') throw cause;
    const { stdout = '', stderr = '', code } = cause as { stdout?: string; stderr?: string; code?: number };
    const words = `${stdout}\n${stderr}`.trim().split('\n').slice(-6).join(' | ');
    throw new TritbankError('E_DEVICE', program, `expected it to succeed, found status ${code}: ${words}`, { cause });
  }
}
