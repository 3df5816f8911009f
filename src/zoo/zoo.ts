/** The models of the zoo: their cards, and their files, whose content is compared with the card before anyone reads it. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { mostFileBytes, readBounded, readText } from '../files/index.ts';
import { TritbankError } from '../ir/index.ts';
import { type ModelCard, readIndex } from './card.ts';
import { checkContent, type DownloadOptions, download, keepIndex, keptIndex } from './download.ts';
import { request, textOf, Unreachable } from './request.ts';
import { type ZooSource, zooSource } from './source.ts';

/** What commands and `pipeline` take a model of the zoo by. */
export const zooPrefix = 'tritbank/';

async function cardsIn(source: ZooSource, options: DownloadOptions): Promise<readonly ModelCard[]> {
  if (source.kind === 'folder') {
    const path = join(source.folder, 'index.json');
    return readIndex(readText(path, 'the index of a zoo'), path);
  }
  const address = new URL('index.json', source.base);
  try {
    const text = await textOf(await request(address, {}, options));
    const cards = readIndex(text, address.href);
    keepIndex(source.base, text);
    return cards;
  } catch (error) {
    const kept = error instanceof Unreachable ? keptIndex(source.base) : undefined;
    if (kept === undefined) throw error;
    options.warn?.(`${(error as Unreachable).message}: its last list is taken, and what of it is in the cache`);
    return readIndex(kept, `the list of ${source.base.href} in the cache`);
  }
}

/**
 * The cards of all models, from the folder or address in TRITBANK_ZOO, else from the installed package `@tritbank/zoo`.
 * E_FILE where there is none, E_FORMAT for an index that is none.
 *
 * @example
 * import { listZoo } from 'tritbank';
 *
 * for (const { name, accuracy, file } of await listZoo()) console.log(name, accuracy.top1, file.bytes);
 */
export const listZoo = async (options: DownloadOptions = {}): Promise<readonly ModelCard[]> =>
  cardsIn(zooSource(), options);

/** A model of the zoo, and where it is now. */
export interface ZooModel {
  readonly card: ModelCard;
  readonly path: string;
}

/**
 * The file of a model by its name, with or without `tritbank/` in front: where the zoo has it, or in the cache, which an
 * address fills. Its content is checked. Where the address does not answer, its last list is taken, with a warning: what
 * is in the cache can be used without it. E_USAGE for an unknown name, E_FILE where it cannot be had, E_FORMAT for content
 * that is not the card's.
 *
 * @example
 * import { getFromZoo } from 'tritbank';
 *
 * const { path, card } = await getFromZoo('mobilenet-v1-0.5-cifar10-full');
 * console.log(path, card.accuracy.interval);
 */
export async function getFromZoo(name: string, options: DownloadOptions = {}): Promise<ZooModel> {
  const source = zooSource();
  const cards = await cardsIn(source, options);
  const wanted = name.startsWith(zooPrefix) ? name.slice(zooPrefix.length) : name;
  const card = cards.find((one) => one.name === wanted);
  if (!card) {
    const names = cards.map((one) => one.name).join(', ');
    throw new TritbankError('E_USAGE', `${zooPrefix}${wanted}`, `expected one of ${names}, found another`);
  }
  if (source.kind === 'address') {
    const path = await download(new URL(card.file.path, source.base), card.file, options);
    return { card, path };
  }
  const path = join(source.folder, card.file.path);
  if (!existsSync(path)) {
    const advice = 'in a copy of the repository, npm run zoo puts it there';
    throw new TritbankError('E_FILE', path, `expected the model's file, found none; ${advice}`);
  }
  checkContent(readBounded(path, { mostBytes: mostFileBytes }), card.file, path);
  return { card, path };
}

/** The file of `tritbank/NAME`. Throws what `getFromZoo` throws. */
export const findInZoo = async (name: string, options: DownloadOptions = {}): Promise<string> =>
  (await getFromZoo(name, options)).path;
