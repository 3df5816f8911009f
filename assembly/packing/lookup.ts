// The layout of variants/lookup.ts: spans, then entries.

const blockGroups: i32 = 4;

/** Of how many terms int16 can hold the sum. */
const mostTerms: i32 = 255;

/** How many of the `count` values are not zero. */
function countTerms(values: usize, count: i32): i32 {
  let terms: i32 = 0;
  for (const end = values + count; values < end; values++) if (load<i8>(values) !== 0) terms++;
  return terms;
}

/** Ends of spans as uint32 to `to`, the last one too; `terms` is scratch memory, four zero bytes a row. Their number. */
function cutSpans(values: usize, rows: i32, columns: i32, blockColumns: i32, terms: usize, to: usize): i32 {
  const blocks = (columns + blockColumns - 1) / blockColumns;
  let count: i32 = 0;
  for (let block = 0; block < blocks; block++) {
    const first = block * blockColumns;
    const width = min(blockColumns, columns - first);
    let overflows = false;
    for (let row = 0; row < rows; row++) {
      const at = terms + (row << 2);
      const total = load<i32>(at) + countTerms(values + row * columns + first, width);
      if (total > mostTerms) overflows = true;
      store<i32>(at, total);
    }
    if (!overflows) continue;
    store<i32>(to + (count++ << 2), block);
    // a span begins with this block
    for (let row = 0; row < rows; row++) {
      store<i32>(terms + (row << 2), countTerms(values + row * columns + first, width));
    }
  }
  store<i32>(to + (count++ << 2), blocks);
  return count;
}

/**
 * All of the layout to `to`; `isCut` where int16 sums could overflow. `terms` is scratch memory, four zero bytes a row.
 */
export function packLookup(
  values: usize,
  rows: i32,
  columns: i32,
  group: i32,
  isCut: bool,
  terms: usize,
  to: usize,
): void {
  const groups = (columns + group - 1) / group;
  let spans: i32 = 1;
  if (isCut) spans = cutSpans(values, rows, columns, group * blockGroups, terms, to + 4);
  else store<i32>(to, (groups + blockGroups - 1) / blockGroups, 4);
  store<i32>(to, spans);
  let at = to + ((4 + (spans << 2) + 15) & ~15);
  for (let first = 0; first < groups; first += blockGroups) {
    const start = first * group;
    const width = min(blockGroups * group, columns - start);
    for (let row = 0; row < rows; row++) {
      let from = values + row * columns + start;
      for (let c = 0; c < width; c += group) {
        let entry: i32 = 0;
        for (let k = 0; k < group; k++) {
          entry = 3 * entry + 1;
          if (c + k < width) entry += <i32>load<i8>(from++);
        }
        store<u8>(at++, <u8>entry);
      }
    }
  }
}
