// What happens once to a network's weights while it loads: unpacking, counting, and each variant's layout. A module of
// its own, with its own memory, so that no session keeps what only loading needs. Called by
// src/runtime/kernels/packing.ts. All weights are int8, row-major.

export { packLists } from './lists';
export { packLookup } from './lookup';
export { measure, unpack } from './measure';
export { packDense4, packDense8, packDot, packVector, packVector2, packVector4 } from './rows';
