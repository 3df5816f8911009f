/** Numbers, times and names as reports show them. A number that is not finite, or absent from JSON, is an en dash. */

const isNumber = (value: number | null | undefined): value is number =>
  typeof value === 'number' && Number.isFinite(value);

const none = '–';

/** `12,345`. */
export const formatCount = (value: number): string =>
  isNumber(value) ? Math.round(value).toLocaleString('en-US') : none;

/** `value` with a fixed number of digits behind the point. */
export function formatFixed(value: number, digits: number): string {
  const options = { minimumFractionDigits: digits, maximumFractionDigits: digits };
  return isNumber(value) ? value.toLocaleString('en-US', options) : none;
}

/** A share of 0..1 as percent, without the sign: `98.76`. */
export const formatPercent = (share: number, digits = 2): string =>
  isNumber(share) ? formatFixed(100 * share, digits) : none;

/** Bytes in KB of 1024 bytes, without the unit. */
export const formatKilobytes = (bytes: number): string => formatFixed(bytes / 1024, bytes < 102_400 ? 2 : 1);

/** Operations in millions, without the unit; `0` for none at all. */
export const formatMillions = (count: number): string => (count === 0 ? '0' : formatFixed(count / 1e6, 3));

/** A setting: as many digits as it has, four at most. */
export const formatSetting = (value: number): string =>
  isNumber(value) ? value.toLocaleString('en-US', { maximumFractionDigits: 4 }) : none;

/** `+0.31` or `−0.31`, with a true minus sign. */
export function formatSigned(value: number, digits = 2): string {
  if (!isNumber(value)) return none;
  const text = formatFixed(Math.abs(value), digits);
  return `${Number(text) === 0 ? '±' : value < 0 ? '−' : '+'}${text}`;
}

/** `8.4 s`, `42 s`, `3 min 20 s`, `1 h 12 min`. */
export function formatDuration(seconds: number): string {
  if (!isNumber(seconds)) return none;
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  const minutes = Math.round(whole / 60);
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** At most `length` characters; a longer text keeps its beginning and end. */
export function shorten(text: string, length: number): string {
  const characters = [...text];
  if (characters.length <= length) return text;
  const end = Math.floor((length - 1) / 3);
  return `${characters.slice(0, length - 1 - end).join('')}…${characters.slice(characters.length - end).join('')}`;
}

/** An ISO 8601 time in UTC as `2026-01-31 12:00 UTC`; other texts stay as they are. */
export const formatDate = (iso: string): string => iso.replace(/^(\d{4}-\d\d-\d\d)T(\d\d:\d\d)[\d:.]*Z$/, '$1 $2 UTC');

/** The first of a class's names where it has several that would not fit, ImageNet's `tench, Tinca tinca`. */
export function formatClass(name: string, length: number): string {
  return shorten(name.length > length ? name.split(',')[0]! : name, length);
}

/** Three digits: `0.0453`, `1.20e-5`. */
export function formatResidual(value: number): string {
  if (value === 0) return '0';
  return value < 1e-4 ? value.toExponential(2) : value.toPrecision(3);
}
