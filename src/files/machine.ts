/** On what, and with which release, a result was made. */

import { createRequire } from 'node:module';
import { cpus } from 'node:os';

/** This release of Tritbank. */
export const { version } = createRequire(import.meta.url)('../../package.json') as { version: string };

/** CPU model, cores and Node's version, for reports. */
export function describeMachine(): string {
  const all = cpus();
  return `${all[0]?.model.trim() ?? 'unknown CPU'}, ${all.length} cores, Node ${process.versions.node}`;
}
