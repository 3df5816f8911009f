export * from './builder.ts';
export * from './channel-sums.ts';
export * from './depthwise.ts';
export * from './names.ts';
export { inferNode } from './shape.ts';
