/**
 * Caches by content: what was computed is kept in a file that is named by a hash of all it was computed from. A cache
 * that cannot be written is one that stays empty; when there is too much, what was not used for longest goes.
 */

import { mkdirSync, readdirSync, rmSync, statSync, utimesSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { writeFileAtomic } from './files.ts';
import { mostFileBytes, readBounded } from './read.ts';

const mebibytes = 64;

export type CacheKind = 'analysis' | 'synthesis';

/** `$XDG_CACHE_HOME/tritbank/KIND`, by default in `~/.cache`; undefined where `TRITBANK_CACHE` is `off`. */
export function cacheFolder(kind: CacheKind, environment: NodeJS.ProcessEnv = process.env): string | undefined {
  const { TRITBANK_CACHE: own, XDG_CACHE_HOME: base } = environment;
  if (own === 'off') return undefined;
  return join(own || join(base || join(homedir(), '.cache'), 'tritbank'), kind);
}

export interface FileCache {
  /** What `parse` makes of a file; undefined for one that is absent, or that `parse` refuses or fails at. */
  get<T>(name: string, parse: (content: Buffer) => T | undefined): T | undefined;
  put(name: string, content: Uint8Array | string): void;
  /** Removes what has not been used for longest, if there is too much. */
  prune(): void;
}

/** Does without what a file system refuses. */
function attempt<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}

/** The cache in a directory, which is made when it is needed; `prune` keeps it below `maxBytes` (default: 64 MiB). */
export function openFileCache(directory: string, maxBytes = mebibytes * 2 ** 20): FileCache {
  return {
    get(name, parse) {
      const path = join(directory, name);
      return attempt(() => {
        const found = parse(readBounded(path, { mostBytes: mostFileBytes }));
        const now = new Date();
        if (found !== undefined) utimesSync(path, now, now);
        return found;
      });
    },
    put(name, content) {
      attempt(() => {
        mkdirSync(directory, { recursive: true });
        writeFileAtomic(join(directory, name), content);
      });
    },
    prune() {
      attempt(() => removeOldest(directory, maxBytes));
    },
  };
}

function removeOldest(directory: string, maxBytes: number): void {
  const files = readdirSync(directory)
    .flatMap((name) => {
      const path = join(directory, name);
      const stats = attempt(() => statSync(path));
      return stats?.isFile() ? [{ path, bytes: stats.size, used: stats.mtimeMs }] : [];
    })
    .sort((a, b) => b.used - a.used);
  let total = 0;
  for (const { path, bytes } of files) {
    total += bytes;
    if (total > maxBytes) rmSync(path, { force: true });
  }
}
