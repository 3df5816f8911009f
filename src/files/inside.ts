/** Files that a local server may hand out: those of a folder, by their real paths, so that links lead nowhere else. */

import { realpathSync, statSync } from 'node:fs';
import { join, sep } from 'node:path';

/** The real path of a file in a folder; undefined for what is not there, is no file, or is somewhere else. */
export function fileInside(root: string, path: string): string | undefined {
  try {
    const [folder, file] = [realpathSync(root), realpathSync(join(root, path))];
    const isInside = file.startsWith(folder.endsWith(sep) ? folder : folder + sep);
    return isInside && statSync(file).isFile() ? file : undefined;
  } catch {
    return undefined; // there is none
  }
}

/** The path of a request, or undefined where it is none: an escape sequence that does not end, f. ex. */
export function pathOfRequest(url: string): string | undefined {
  try {
    return decodeURIComponent(url.replace(/[?#].*$/s, ''));
  } catch {
    return undefined;
  }
}
