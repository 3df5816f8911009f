/** What of the page's state is in its address, so that every view is a link: `#plan?size=0.4&bits=int8`. */

import { signal } from '@preact/signals';

export const panels = ['inspect', 'plan', 'compress', 'explain', 'train', 'runs'] as const;
export type Panel = (typeof panels)[number];

export interface Address {
  readonly panel: Panel;
  /** Limits, shares of the network at 16 bits; null for none. */
  readonly size: number | null;
  readonly energy: number | null;
  readonly throughput: number | null;
  readonly bits: 'fp16' | 'int8';
  /** Machine to plan for, and the share of its time that a plan may take. */
  readonly target: string | null;
  readonly time: number | null;
  /** The layer that is looked at. */
  readonly layer: string | null;
  /** A part of the names of runs that are listed, and the runs that are compared, separated by commas. */
  readonly filter: string | null;
  readonly show: string | null;
}

/** The budget of the paper. */
const start: Address = {
  panel: 'inspect',
  ...{
    size: 0.49,
    energy: 0.72,
    throughput: null,
    bits: 'fp16',
    target: null,
    time: null,
    layer: null,
    filter: null,
    show: null,
  },
};

type Readers = { readonly [K in keyof Address]: (text: string) => Address[K] | undefined };

const oneOf =
  <T extends string>(values: readonly T[]) =>
  (text: string): T | undefined =>
    values.find((value) => value === text);

const share = (text: string): number | null | undefined => {
  if (text === 'none') return null;
  const value = Number(text);
  return value > 0 && value <= 100 ? value : undefined;
};

const name = (text: string) => (text === 'none' ? null : text);

const readers: Readers = {
  panel: oneOf(panels),
  ...{ size: share, energy: share, throughput: share, time: share },
  bits: oneOf(['fp16', 'int8']),
  ...{ target: name, layer: name, filter: name, show: name },
};

export function parseAddress(hash: string): Address {
  const [panel = '', query = ''] = hash.replace(/^#/, '').split('?');
  const given = new Map([['panel', panel], ...new URLSearchParams(query)]);
  const found = Object.entries(readers).flatMap(([key, read]) => {
    const text = given.get(key);
    const value = text === undefined ? undefined : read(text);
    return value === undefined ? [] : [[key, value]];
  });
  return { ...start, ...Object.fromEntries(found) };
}

export function formatAddress({ panel, ...rest }: Address): string {
  const changed = Object.entries(rest).filter(([key, value]) => value !== start[key as keyof typeof rest]);
  const query = new URLSearchParams(changed.map(([key, value]) => [key, `${value ?? 'none'}`])).toString();
  return `#${panel}${query ? `?${query}` : ''}`;
}

export const address = signal<Address>(parseAddress(location.hash));

/** Changes the address; a new panel is a step of the browser's history, a moved slider is none. */
export function go(change: Partial<Address>): void {
  const next = { ...address.value, ...change };
  const isStep = next.panel !== address.value.panel;
  address.value = next;
  history[isStep ? 'pushState' : 'replaceState'](null, '', location.search + formatAddress(next));
}

addEventListener('popstate', () => {
  address.value = parseAddress(location.hash);
});
addEventListener('hashchange', () => {
  address.value = parseAddress(location.hash);
});
