/** Statistics and number formats of benchmark tables. */

/** The middle value, or the mean of the two in the middle; NaN of nothing. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  if (sorted.length % 2 === 1) return sorted[half]!;
  return sorted.length === 0 ? Number.NaN : (sorted[half - 1]! + sorted[half]!) / 2;
}

/** About three significant digits without an exponent: `0.042`, `4.21`, `42.1`, `421`, `4210`. */
export function formatRate(value: number): string {
  if (!Number.isFinite(value)) return '-';
  const digits = value === 0 ? 0 : Math.max(0, Math.min(4, 2 - Math.floor(Math.log10(Math.abs(value)))));
  return value.toFixed(digits);
}

export const formatPercent = (share: number) => `${(100 * share).toFixed(1)} %`;

/** In units of 10^6 bytes. */
export const formatMegabytes = (bytes: number) => (bytes / 1e6).toFixed(0);
