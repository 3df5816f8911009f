/**
 * Where a zoo is: the folder or the address that TRITBANK_ZOO names, or else the package `@tritbank/zoo` where it is
 * installed. Nothing is downloaded from anywhere unless the variable names an address.
 */

import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { TritbankError } from '../ir/index.ts';

export type ZooSource =
  | { readonly kind: 'folder'; readonly folder: string }
  | { readonly kind: 'address'; readonly base: URL };

const packageName = '@tritbank/zoo';

/** The folder of the package, beside this one or in the project that one works in. */
function packageFolder(): string | undefined {
  for (const from of [import.meta.url, pathToFileURL(join(process.cwd(), 'package.json')).href]) {
    try {
      return dirname(createRequire(from).resolve(`${packageName}/index.json`));
    } catch {
      // not installed there
    }
  }
  return undefined;
}

function addressOf(given: string): URL {
  const text = given.replace(/\/*$/, '/');
  if (URL.canParse(text)) return new URL(text);
  throw new TritbankError(
    'E_USAGE',
    'TRITBANK_ZOO',
    `expected an address such as https://host/folder, found '${given}'`,
  );
}

/** E_USAGE for an address that is none, E_FILE, with what to do, where there is no zoo. */
export function zooSource(): ZooSource {
  const given = process.env.TRITBANK_ZOO;
  if (given && /^https?:/i.test(given)) return { kind: 'address', base: addressOf(given) };
  const folder = given || packageFolder();
  if (folder && existsSync(join(folder, 'index.json'))) return { kind: 'folder', folder };
  const advice = `npm install ${packageName}, or set TRITBANK_ZOO to a folder or an address with an index.json`;
  const found = given ? `no index.json in '${given}'` : 'none';
  throw new TritbankError('E_FILE', 'zoo', `expected the models' package, found ${found}; ${advice}`);
}
