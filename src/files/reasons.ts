/** Why a file cannot be read or written, in words. */

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'none',
  ENOTDIR: 'a path through a file',
  EISDIR: 'a folder',
  EACCES: 'no permission',
  EPERM: 'no permission',
  EROFS: 'a read-only file system',
  ENOSPC: 'no space left',
  ELOOP: 'a circle of links',
};

/** What is in a file's place, from the error of a system call. */
export function reasonOf(cause: unknown): string {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  return reasons[code] ?? (code || String(cause));
}
