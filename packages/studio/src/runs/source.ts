/** Run directories: from the server that `tritbank studio RUNS_DIR` is, or from a folder that the user chooses. */

import { TritbankError } from '#toolkit/ir/errors.ts';

export interface RunSource {
  readonly name: string;
  readonly files: readonly string[];
  read(file: string): Promise<string>;
}

/** The token of the address, where a server printed one. */
const token = new URLSearchParams(location.search).get('token');

async function ask(path: string, query: Readonly<Record<string, string>> = {}): Promise<Response> {
  const search = new URLSearchParams({ token: token ?? '', ...query });
  const response = await fetch(`api/${path}?${search}`);
  if (response.ok) return response;
  const found = response.status === 403 ? 'an address whose token is not of this server' : `status ${response.status}`;
  throw new TritbankError('E_FILE', 'runs', `expected run directories, found ${found}`);
}

/** Undefined for a page that no server with runs has opened. */
export async function serverRuns(): Promise<RunSource[] | undefined> {
  if (token === null) return undefined;
  const listed = (await (await ask('runs')).json()) as { name: string; files: string[] }[];
  return listed.map(({ name, files }) => ({
    ...{ name, files },
    read: async (file) => (await ask('file', { run: name, file })).text(),
  }));
}

const readable = /(^|\/)(config|plan|result|comparison|footprint)\.json$|(^|\/)metrics\.jsonl$/;

/** Of a chosen folder, its files with their paths. */
export function folderRuns(files: readonly File[]): RunSource[] {
  const byRun = new Map<string, Map<string, File>>();
  for (const file of files) {
    const path = file.webkitRelativePath || file.name;
    if (!readable.test(path)) continue;
    const at = path.lastIndexOf('/');
    const run = path.slice(0, Math.max(0, at)) || '.';
    byRun.set(run, (byRun.get(run) ?? new Map<string, File>()).set(path.slice(at + 1), file));
  }
  return [...byRun]
    .filter(([, own]) => [...own.keys()].some((file) => file !== 'config.json'))
    .map(([name, own]) => ({ name, files: [...own.keys()], read: (file: string) => own.get(file)!.text() }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}
