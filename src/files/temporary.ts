/**
 * Temporary files: `.NAME.HOST.PID.START.COUNT.tmp` beside the file that they become. The name says which process writes
 * it, so that what a killed one left is told from what another one is writing.
 */

import { readdirSync, rmSync, statSync } from 'node:fs';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { mayRun, thisProcess } from './process.ts';

/** A host's name as a part of a file's name. */
const label = (host: string) => host.replace(/[^\w-]/g, '_').slice(0, 40) || '_';

let count = 0;

/** A name beside `path` that no other writer has. */
export function temporaryName(path: string): string {
  const { pid, started = '0' } = thisProcess();
  // file systems take names of 255 bytes
  const name = Buffer.from(basename(path))
    .subarray(0, 120)
    .toString()
    .replace(/\ufffd+$/, '');
  return join(dirname(path), `.${name}.${label(hostname())}.${pid}.${started}.${count++}.tmp`);
}

const pattern = /^\..+\.([\w-]+)\.(\d+)\.(\d+)\.\d+\.tmp$/;

/** Names of earlier releases: a process, or a drawn identity. */
const earlier = /^\..+\.(?:(\d+)|[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12})\.tmp$/;

/** No write takes a day: one of a machine that cannot be asked has ended. */
const longAgo = 24 * 3600 * 1000;

const isOld = (path: string) => Date.now() - statSync(path).mtimeMs > longAgo;

function isLeftover(directory: string, name: string): boolean {
  const [isOurs, host, pid, start] = pattern.exec(name) ?? [];
  if (isOurs !== undefined) {
    const isHere = host === label(hostname());
    const started = start === '0' ? {} : { started: start! };
    return isHere ? !mayRun({ pid: Number(pid), host: hostname(), ...started }) : isOld(join(directory, name));
  }
  const [isEarlier, id] = earlier.exec(name) ?? [];
  if (isEarlier === undefined) return false;
  return id === undefined ? isOld(join(directory, name)) : !mayRun({ pid: Number(id), host: hostname() });
}

/** Removes temporary files of processes that ended while they wrote; never those of one that may run. */
export function removeLeftovers(directory: string): void {
  for (const name of readdirSync(directory)) {
    if (!name.endsWith('.tmp')) continue;
    try {
      if (isLeftover(directory, name)) rmSync(join(directory, name), { force: true });
    } catch {
      // another process was faster, or it is another user's
    }
  }
}
