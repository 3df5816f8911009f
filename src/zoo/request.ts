/** What an address answers, piece by piece, for as long as pieces come. */

import { reasonOf } from '../files/reasons.ts';
import { TritbankError } from '../ir/index.ts';

/** How to ask, and how long to wait. */
export interface RequestOptions {
  readonly signal?: AbortSignal;
  /** Milliseconds without a byte after which an address is given up; default 30,000. */
  readonly patience?: number;
}

const usualPatience = 30_000;

export const failed = (address: URL, found: string, cause?: unknown): TritbankError =>
  new TritbankError('E_FILE', address.href, `expected a file that loads, found ${found}`, { cause });

/** An address that does not answer, unlike one that answers something else. */
export class Unreachable extends TritbankError {}

const unreachable = (address: URL, found: string, cause?: unknown) =>
  new Unreachable('E_FILE', address.href, `expected a file that loads, found ${found}`, { cause });

/** Why a connection failed: what `fetch` says itself is only that it did. */
function describe(cause: unknown): string {
  const inner = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause;
  const reason = reasonOf(inner);
  return reason === 'none' || /^[A-Z_]+$/.test(reason) ? `no connection (${reason})` : reason;
}

/** A response of an address, which may be read by `piecesOf` only. */
export interface Answer {
  readonly status: number;
  /** The content as it comes. E_FILE where none comes any more. */
  readonly pieces: AsyncGenerator<Uint8Array>;
}

/** A response with content. E_FILE for others, and where there is none in time. */
export async function request(
  address: URL,
  headers: Readonly<Record<string, string>>,
  { signal, patience = usualPatience }: RequestOptions = {},
): Promise<Answer> {
  const stop = new AbortController();
  const waiting = async <T>(work: Promise<T>): Promise<T> => {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        reject(unreachable(address, `nothing for ${patience / 1000} seconds`));
        stop.abort();
      }, patience);
    });
    try {
      return await Promise.race([work, late]);
    } catch (cause) {
      if (cause instanceof TritbankError || signal?.aborted) throw cause;
      throw unreachable(address, describe(cause), cause);
    } finally {
      clearTimeout(timer);
    }
  };
  const either = signal ? AbortSignal.any([signal, stop.signal]) : stop.signal;
  const response = await waiting(fetch(address, { headers: { ...headers }, signal: either }));
  if (!response.ok) {
    stop.abort();
    throw failed(address, `status ${response.status}`);
  }
  return { status: response.status, pieces: piecesOf(response, waiting) };
}

async function* piecesOf(response: Response, waiting: <T>(work: Promise<T>) => Promise<T>): AsyncGenerator<Uint8Array> {
  const reader = response.body?.getReader();
  if (!reader) return;
  try {
    for (let piece = await waiting(reader.read()); !piece.done; piece = await waiting(reader.read())) yield piece.value;
  } finally {
    // what is not wanted any more need not come
    reader.cancel().catch(() => undefined);
  }
}

/** All of a response as text. */
export async function textOf({ pieces }: Answer): Promise<string> {
  const parts: Uint8Array[] = [];
  for await (const piece of pieces) parts.push(piece);
  return Buffer.concat(parts).toString('utf8');
}
