/** Comma-separated values by RFC 4180. */

/** A field of a record; a number that is not finite, or `undefined`, is an empty field. */
export type CsvValue = string | number | boolean | undefined;

/** The fields of a record by the names that the header has. */
export type CsvFields<Row> = Readonly<Record<string, (row: Row) => CsvValue>>;

function print(value: CsvValue): string {
  if (value === undefined || (typeof value === 'number' && !Number.isFinite(value))) return '';
  const text = `${value}`;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** A header, then one record a row, each ended by CR LF. Numbers are the shortest that read back the same. */
export function printCsv<Row>(fields: CsvFields<Row>, rows: readonly Row[]): string {
  const records = rows.map((row) => Object.values(fields).map((field) => print(field(row))));
  return [Object.keys(fields).map(print), ...records].map((record) => `${record.join(',')}\r\n`).join('');
}
