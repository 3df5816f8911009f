/** What was dropped on the page: files, and those in folders at any depth. */

/** More than this is a folder that nobody meant. */
const mostFiles = 20_000;

const listOf = (folder: FileSystemDirectoryReader) =>
  new Promise<FileSystemEntry[]>((done, fail) => folder.readEntries(done, fail));

const fileOf = (entry: FileSystemFileEntry) => new Promise<File>((done, fail) => entry.file(done, fail));

/** Path of a file of a folder, as for chosen folders. */
export const pathOf = (file: File): string => file.webkitRelativePath || file.name;

async function collect(entry: FileSystemEntry, found: File[]): Promise<void> {
  if (found.length >= mostFiles) return;
  if (entry.isFile) {
    const file = await fileOf(entry as FileSystemFileEntry);
    const path = entry.fullPath.replace(/^\//, '');
    if (path.includes('/')) Object.defineProperty(file, 'webkitRelativePath', { value: path });
    found.push(file);
    return;
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  // some at a time
  for (let some = await listOf(reader); some.length > 0; some = await listOf(reader)) {
    for (const one of some) await collect(one, found);
  }
}

/** To be called while the event is handled: later there is nothing in it. */
export async function droppedFiles(transfer: DataTransfer | null): Promise<File[]> {
  const items = [...(transfer?.items ?? [])].filter(({ kind }) => kind === 'file');
  const entries = items.flatMap((item) => item.webkitGetAsEntry() ?? []);
  const files = [...(transfer?.files ?? [])];
  if (entries.every(({ isFile }) => isFile)) return files;
  const found: File[] = [];
  for (const entry of entries) await collect(entry, found);
  return found;
}
