export * from './compare.ts';
export * from './evaluate.ts';
export * from './input.ts';
export * from './label-file.ts';
export * from './labels.ts';
export * from './normalisation.ts';
export * from './open-data.ts';
export * from './scores.ts';
export type { Evaluation } from './tally.ts';
