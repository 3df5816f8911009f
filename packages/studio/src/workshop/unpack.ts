/** Files of the page that are gzipped wherever they are kept. */

import { TritbankError } from '#toolkit/ir/errors.ts';

/** The unpacked file; `name` is what the page calls it. */
export async function unpack(url: string, name: string): Promise<ArrayBuffer> {
  const response = await fetch(url).catch((cause: unknown) => {
    throw new TritbankError('E_FILE', name, `expected a part of this page, found ${String(cause)}`, { cause });
  });
  if (!response.ok || !response.body) {
    throw new TritbankError('E_FILE', name, `expected a part of this page, found status ${response.status}`);
  }
  // a server that says what the file is has had it unpacked already
  const isUnpacked = response.headers.get('content-encoding') === 'gzip';
  const body = isUnpacked ? response.body : response.body.pipeThrough(new DecompressionStream('gzip'));
  return new Response(body).arrayBuffer();
}
