export * from './builder.ts';
export * from './names.ts';
export { inferNode } from './shape.ts';
export * from './depthwise.ts';
