/** Folders that exported C can be. */

export const layoutNames = ['plain', 'arduino', 'zephyr'] as const;

export type Layout = (typeof layoutNames)[number];
