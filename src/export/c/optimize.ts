/** What is scarce on a core. */

export const optimizeNames = ['flash', 'speed', 'balanced'] as const;

export type Optimize = (typeof optimizeNames)[number];
