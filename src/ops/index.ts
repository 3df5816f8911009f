export { type BufferUse, bufferUseOf } from './buffers.ts';
export * from './builder.ts';
export * from './channel-sums.ts';
export * from './depthwise.ts';
export * from './names.ts';
export {
  addOperations,
  countOperations,
  isFoldable,
  type KnownFoldable,
  noOperations,
  type Operations,
} from './operations.ts';
export { inferNode } from './shape.ts';
export { type Traits, traitsOf } from './traits.ts';
