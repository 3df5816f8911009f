/** Where and how a measurement was made: part of every result, because a number without it says nothing. */

import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { arch, availableParallelism, cpus, loadavg, platform, release, totalmem } from 'node:os';
import { join } from 'node:path';

const require = createRequire(import.meta.url);

export interface Environment {
  readonly date: string;
  readonly command: string;
  readonly machine: {
    readonly cpu: string;
    /** Processors that this process may use. */
    readonly cores: number;
    readonly memoryBytes: number;
    readonly system: string;
    /** Processes waiting to run over the last minute, before the measurement: well above 0 means a busy machine. */
    readonly load: number;
  };
  readonly versions: Readonly<Record<string, string>>;
}

/** Seconds for which the processors of this machine have been busy since it started, summed over them. */
export function busySeconds(): number {
  const busy = cpus().map(({ times }) => times.user + times.nice + times.sys + times.irq);
  return busy.reduce((sum, milliseconds) => sum + milliseconds, 0) / 1000;
}

/** The version of an installed package, read from its package.json, whether or not the package exports that. */
export function packageVersion(name: string): string {
  const folders = require.resolve.paths(name) ?? [];
  const path = folders.map((folder) => join(folder, name, 'package.json')).find((file) => existsSync(file));
  if (path === undefined) throw new Error(`internal: package ${name} is not installed`);
  return (JSON.parse(readFileSync(path, 'utf8')) as { version: string }).version;
}

/** Call it before the measurement starts. */
export function describeEnvironment(): Environment {
  const own = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string };
  return {
    date: new Date().toISOString(),
    command: ['npm run bench --', ...process.argv.slice(2)].join(' '),
    machine: {
      cpu: cpus()[0]?.model.trim() ?? 'unknown',
      cores: availableParallelism(),
      memoryBytes: totalmem(),
      system: `${platform()} ${release()} ${arch()}`,
      load: loadavg()[0] ?? 0,
    },
    versions: {
      tritbank: own.version,
      node: process.versions.node,
      'onnxruntime-node': packageVersion('onnxruntime-node'),
    },
  };
}
