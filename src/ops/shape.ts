import type { Node } from '../ir/index.ts';
/** stub, being written */
export function inferNode(_node: Node): void {}
