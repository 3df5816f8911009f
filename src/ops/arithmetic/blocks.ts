/** DepthToSpace and SpaceToDepth: a reshape, a transposition and a reshape. */

import type { Node } from '../../ir/index.ts';
import { misfit, printDims, unsupported } from './errors.ts';

export interface BlockMove {
  /** Dimensions of x with the blocks as axes of their own. */
  readonly split: readonly number[];
  readonly perm: readonly number[];
  readonly dims: readonly number[];
}

/** The size of the blocks: E_SHAPE below 1. */
export function blockSize(node: Node): number {
  const size = node.int('blocksize');
  if (size >= 1) return size;
  throw misfit(node, 'blocks of at least 1', size);
}

function divided(node: Node, size: number, by: number): number {
  if (size % by === 0) return size / by;
  throw misfit(node, `a size that is a multiple of ${by}`, size);
}

/** For x of `dims`, [N, C, H, W]. */
export function blockMove(node: Node, dims: readonly number[]): BlockMove {
  const b = blockSize(node);
  if (dims.length !== 4) throw misfit(node, 'an input [N, C, H, W]', printDims(dims));
  const [n, c, h, w] = dims as [number, number, number, number];
  if (node.op === 'SpaceToDepth') {
    const [rows, columns] = [divided(node, h, b), divided(node, w, b)];
    const split = [n, c, rows, b, columns, b];
    return { split, perm: [0, 3, 5, 1, 2, 4], dims: [n, c * b * b, rows, columns] };
  }
  const depth = divided(node, c, b * b);
  const result = [n, depth, h * b, w * b];
  const mode = node.string('mode', 'DCR');
  if (mode === 'DCR') return { split: [n, b, b, depth, h, w], perm: [0, 3, 4, 1, 5, 2], dims: result };
  if (mode === 'CRD') return { split: [n, depth, b, b, h, w], perm: [0, 1, 4, 2, 5, 3], dims: result };
  throw unsupported(node, 'mode DCR or CRD', mode);
}
