/** Packed int8 files as networks of integers, for machines without floating point. */

export * from './evaluate.ts';
export * from './network.ts';
export { readIntegerNetwork } from './read.ts';
