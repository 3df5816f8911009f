export * from './apply.ts';
export * from './banks.ts';
export * from './deploy.ts';
export * from './layers.ts';
export * from './phases.ts';
export * from './plan.ts';
export * from './ternarize.ts';
