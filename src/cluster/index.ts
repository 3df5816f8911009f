export { anyOf, type Communicator, fromRoot, isRoot, type Pending, type Ranks, type Summable } from './communicator.ts';
export { joinRanks, launchOf } from './join.ts';
export { localRanks } from './local.ts';
