export * from './cache.ts';
export * from './check-json.ts';
export * from './files.ts';
export * from './machine.ts';
export * from './outputs.ts';
export * from './provenance.ts';
export * from './run-directory.ts';
export * from './text.ts';
