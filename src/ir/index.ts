export * from './element-types.ts';
export * from './errors.ts';
export * from './graph.ts';
export * from './print.ts';
export * from './random.ts';
export * from './tensor.ts';
export * from './ternary.ts';
export * from './verify.ts';
