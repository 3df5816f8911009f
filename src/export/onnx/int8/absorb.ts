/**
 * Takes products with one constant per channel into the filters before them, ternary ones too: the scales `a` of hidden
 * units, scales behind ternary filters, and those that deployment moved behind a global pool. In 8-bit arithmetic a
 * scale per filter is free; a product of its own would be rounded twice.
 *
 *   Conv(T) -> Mul(s)                    Conv(diag(s) T), of any sign
 *   Conv(T) -> Relu -> Pool -> Mul(s)    Conv(diag(s) T) -> Relu -> Pool, for s > 0
 */

import type { Graph } from '../../../ir/index.ts';
import { bypass, soleReader } from '../../../passes/channels.ts';
import { channelOp, removeDead } from '../../../passes/index.ts';
import type { RowScales } from './row-scales.ts';
import { scaleSources, sourcesOf } from './sources.ts';

/** Rewrites in place. The outputs of the graph keep their names only where they are not products. */
export function absorbProducts(graph: Graph, rows: RowScales): void {
  for (const node of [...graph.nodes]) {
    const op = channelOp(node);
    if (op?.op !== 'Mul' || soleReader(op.x) !== node) continue;
    const sources = sourcesOf(op.x);
    if (!sources) continue;
    const isDirect = op.x.producer === sources.parts[0]?.linear.node;
    if (!isDirect && !op.values.every((s) => s > 0)) continue;
    // first, because what bounds the sources may be replaced, and the value between with it
    bypass(op);
    scaleSources(sources, op.values, rows);
  }
  removeDead(graph);
}
