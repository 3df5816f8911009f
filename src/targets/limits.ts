/** Limits of a target: shares of what the uncompressed network takes there in 8 bits, or figures. */

import type { ValueKind } from '../options/index.ts';
import { type LimitName, limitNames, limitUnits, type Totals } from './target.ts';

/** A share of the control's figure, or a figure: a number above 10, or one with a suffix, as `256K` and `15M`. */
export type Limit = number | string;

export type Limits = { readonly [K in LimitName]?: Limit };

/** Larger numbers are no shares. */
const mostShare = 10;

const suffixes: Readonly<Record<string, number>> = { '': 0, K: 1, M: 2, G: 3 };

/** The number and the suffix of a limit that is written as a text; undefined for another text. */
function split(text: string): { readonly value: number; readonly power: number } | undefined {
  const [, digits, suffix] = /^(\d+\.?\d*|\.\d+)([KMG]?)$/i.exec(text) ?? [];
  if (digits === undefined || !(Number(digits) > 0)) return undefined;
  return { value: Number(digits), power: suffixes[suffix!.toUpperCase()]! };
}

const shareOrFigure: ValueKind<Limit> = {
  expected: `a share of the int8 network's up to ${mostShare}, or a figure as 40000, 256K, 15M`,
  parse(text) {
    const found = split(text);
    return found && (found.power === 0 ? found.value : text.toUpperCase());
  },
  accepts: (value) =>
    typeof value === 'number' ? value > 0 && Number.isFinite(value) : typeof value === 'string' && !!split(value),
};

/** Of milliseconds, which differ from machine to machine, shares alone. */
const shareOnly: ValueKind<Limit> = {
  expected: `a share of the int8 network's up to ${mostShare}`,
  parse(text) {
    const found = shareOrFigure.parse(text);
    return found !== undefined && isShare(found) ? found : undefined;
  },
  accepts: (value) => shareOrFigure.accepts(value) && isShare(value as Limit),
};

export const limitKindOf = (name: LimitName): ValueKind<Limit> => (name === 'latency' ? shareOnly : shareOrFigure);

export const isShare = (limit: Limit): limit is number => typeof limit === 'number' && limit <= mostShare;

/** The figure that a limit stands for. K is 1024 for bytes, else 1000. */
export function figureOf(name: LimitName, limit: Limit, control: number): number {
  if (isShare(limit)) return limit * control;
  const { value, power } = split(`${limit}`)!;
  return value * (limitUnits[name] === 'bytes' ? 1024 : 1000) ** power;
}

/** Limits that are given, in the order of `limitNames`. */
export const limitsIn = (limits: Limits | Totals): LimitName[] =>
  limitNames.filter((name) => limits[name] !== undefined);
