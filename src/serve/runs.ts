/** Run directories for the studio to look at: which there are, and those of their files that it may read. */

import { type Dirent, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { compressionFiles, fileInside, readText, trainingFiles } from '../files/index.ts';

/** All that is handed out: configurations, records and plans, no weights. */
export const readableFiles: readonly string[] = [
  ...['config.json', trainingFiles.metrics, trainingFiles.plan, trainingFiles.result],
  ...[compressionFiles.comparison, compressionFiles.footprint],
];

export interface RunListing {
  /** Relative to the folder, with slashes; '.' for the folder itself. */
  readonly name: string;
  /** Those of `readableFiles` that it has. */
  readonly files: readonly string[];
}

const deepest = 4;
const mostRuns = 1000;

/** Of a folder that is gone meanwhile, or closed to this user, nothing; an error of the file system for the topmost. */
function entriesOf(path: string, depth: number): Dirent[] {
  try {
    return readdirSync(path, { withFileTypes: true });
  } catch (error) {
    if (depth === 0) throw error;
    return [];
  }
}

/** The run directories in a folder and below, itself included: whatever has a plan, records or a result. */
export function findRuns(root: string): RunListing[] {
  const found: RunListing[] = [];
  const look = (name: string, depth: number) => {
    if (found.length >= mostRuns) return;
    const files = readableFiles.filter((file) => fileInside(root, join(name, file)) !== undefined);
    // a configuration alone is a run that has not begun
    if (files.some((file) => file !== 'config.json')) found.push({ name, files });
    if (depth === deepest) return;
    for (const entry of entriesOf(join(root, name), depth)) {
      const isHidden = entry.name.startsWith('.') || entry.name === 'node_modules';
      if (entry.isDirectory() && !isHidden) look(name === '.' ? entry.name : `${name}/${entry.name}`, depth + 1);
    }
  };
  look('.', 0);
  return found.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** The text of a run's file; undefined for one that is not there or not to be read. E_FILE for one that is too large. */
export function readRunFile(root: string, run: string, file: string): string | undefined {
  if (!readableFiles.includes(file)) return undefined;
  const path = fileInside(root, join(run, file));
  return path === undefined ? undefined : readText(path);
}
