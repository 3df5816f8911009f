export * from './check-json.ts';
export * from './files.ts';
