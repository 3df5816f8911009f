export * from './table.ts';
export * from './values.ts';
