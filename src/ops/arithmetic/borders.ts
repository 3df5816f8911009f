/** Where padding takes its values. */

import type { Node } from '../../ir/index.ts';
import { unsupported } from './errors.ts';

const modes = ['constant', 'edge', 'reflect', 'wrap'] as const;
export type PadMode = (typeof modes)[number];

/** E_UNSUPPORTED for a mode that is none. */
export function padMode(node: Node): PadMode {
  const given = node.string('mode', 'constant');
  const mode = modes.find((known) => known === given);
  if (mode) return mode;
  throw unsupported(node, `mode ${modes.slice(0, -1).join(', ')} or wrap`, given);
}

/** For position `at` on an axis of `size` elements, beside which it may be, the element's index; NaN for a constant. */
export function padSource(mode: PadMode, at: number, size: number): number {
  if (at >= 0 && at < size) return at;
  if (mode === 'edge') return at < 0 ? 0 : size - 1;
  if (mode === 'wrap') return ((at % size) + size) % size;
  if (mode === 'constant') return Number.NaN;
  const period = Math.max(1, 2 * (size - 1));
  const phase = ((at % period) + period) % period;
  return phase < size ? phase : period - phase;
}
