/** Tables as plain text: columns aligned, numbers to the right. */

export interface Column<T> {
  readonly head: string;
  readonly cell: (row: T) => string;
  /** Texts go to the left, numbers (the default) to the right. */
  readonly align?: 'left';
}

/** The table with a line under its head and no line end behind the last row. */
export function formatTable<T>(columns: readonly Column<T>[], rows: readonly T[]): string {
  const lines = [columns.map((c) => c.head), ...rows.map((row) => columns.map((c) => c.cell(row)))];
  const widths = columns.map((_, i) => Math.max(...lines.map((line) => line[i]!.length)));
  const format = (line: readonly string[]) =>
    line
      .map((text, i) => (columns[i]!.align === 'left' ? text.padEnd(widths[i]!) : text.padStart(widths[i]!)))
      .join('  ')
      .trimEnd();
  const rule = '-'.repeat(widths.reduce((sum, width) => sum + width + 2, -2));
  return [format(lines[0]!), rule, ...lines.slice(1).map(format)].join('\n');
}
