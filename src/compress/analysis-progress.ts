/**
 * Layers of an analysis that is stopped are kept, a line each behind one that says what is analysed, and taken from there
 * by the analysis that goes on.
 */

import { existsSync, statSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { appendLine, readLines, truncateLines, writeFileAtomic } from '../files/index.ts';
import { TritbankError } from '../ir/index.ts';
import type { AnalyzedLayer, AnalyzeOptions } from './sensitivity.ts';

/**
 * Options of an analysis that keeps its finished layers in the file at `path`. `subject`, plain JSON, is all that the
 * layers depend on. E_FORMAT for a damaged file; E_USAGE for the layers of another analysis, which `force` drops.
 */
export function keepAnalyzed(
  path: string,
  subject: object,
  { force = false }: { readonly force?: boolean } = {},
): Pick<AnalyzeOptions, 'finished' | 'onLayer'> {
  const isThere = !force && existsSync(path) && statSync(path).size > 0;
  const [head, ...layers] = isThere ? readLines(path) : [];
  if (isThere && !isDeepStrictEqual(head, { subject })) {
    const expected = 'expected the layers of the same analysis, none, or --force to replace what is there';
    throw new TritbankError('E_USAGE', path, `${expected}, found others`);
  }
  // a line that a kill tore would make the next one unreadable
  if (isThere) truncateLines(path, () => true);
  else writeFileAtomic(path, `${JSON.stringify({ subject })}\n`);
  return {
    finished: layers as AnalyzedLayer[],
    onLayer: (layer) => appendLine(path, layer),
  };
}
