/** What the program writes to its two streams, and what becomes of text that cannot be written. */

import { fstatSync, writeSync } from 'node:fs';
import { fileError } from '../files/errors.ts';
import { TritbankError } from '../ir/errors.ts';
import { printable } from '../ir/printable.ts';
import { paint, type Style } from './colour.ts';
import { writeWholeLine } from './lines.ts';

/** A result that could not be written: work that failed, not wrong usage. */
class OutputError extends TritbankError {
  override get exitStatus(): 1 {
    return 1;
  }
}

function outputError(cause: unknown): unknown {
  const error = fileError('standard output', 'room for the result', cause);
  return error instanceof TritbankError ? new OutputError(error.code, error.where, error.detail, { cause }) : error;
}

/** A file or a device that is no terminal: Node's stream would take a part of the text for all of it. */
function isFile(descriptor: number): boolean {
  try {
    const stats = fstatSync(descriptor);
    return stats.isFile() || (stats.isCharacterDevice() && !process.stdout.isTTY);
  } catch {
    return false;
  }
}

/** Writes a result to standard output. E_FILE, with status 1, where it has no room. */
export function writeOut(text: string): void {
  if (!isFile(1)) {
    process.stdout.write(text);
    return;
  }
  const bytes = Buffer.from(text);
  try {
    for (let at = 0; at < bytes.length; ) at += writeSync(1, bytes, at);
  } catch (cause) {
    throw outputError(cause);
  }
}

const heads: Readonly<Record<string, Style>> = { error: 'red', warning: 'yellow' };

/** Writes a line about the work to standard error, where it has room, above a bar that is drawn there. */
export function writeLine(line: string): void {
  const text = printable(line);
  const [head = ''] = /^\w+/.exec(text) ?? [];
  const style = heads[head];
  const shown = style ? paint(style, head, process.stderr) + text.slice(head.length) : text;
  writeWholeLine(process.stderr, shown);
}

/** A warning, which `--quiet` does not keep back. */
export const warn = (line: string): void => writeLine(`warning: ${line}`);

/**
 * Takes the streams' errors. A reader that has seen enough (`| head`) is no failure; progress and warnings that cannot be
 * written are dropped, since the work's files are still wanted; a result that cannot be written is reported once.
 */
export function watchStreams(report: (error: unknown) => void): void {
  process.stderr.on('error', () => {});
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE' && error.code !== 'ERR_STREAM_DESTROYED') report(outputError(error));
  });
}
