/**
 * Layers of an analysis that is stopped are kept, a line each behind one that says what is analysed, and taken from there
 * by the analysis that goes on.
 */

import { existsSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { appendLine, readLines, truncateLines, writeFileAtomic } from '../files/index.ts';
import type { AnalyzedLayer, AnalyzeOptions } from './sensitivity.ts';

/**
 * Options of an analysis that keeps its finished layers in the file at `path`. `subject`, plain JSON, is all that the
 * layers depend on: those of another one are dropped. E_FORMAT for a damaged file.
 */
export function keepAnalyzed(path: string, subject: object): Pick<AnalyzeOptions, 'finished' | 'onLayer'> {
  // a line that a kill tore would make the next one unreadable
  if (existsSync(path)) truncateLines(path, () => true);
  const [head, ...layers] = existsSync(path) ? readLines(path) : [];
  const isSame = isDeepStrictEqual(head, { subject });
  if (!isSame) writeFileAtomic(path, `${JSON.stringify({ subject })}\n`);
  return {
    finished: isSame ? (layers as AnalyzedLayer[]) : [],
    onLayer: (layer) => appendLine(path, layer),
  };
}
