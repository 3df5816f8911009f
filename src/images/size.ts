/** Heights and widths of images, in pixels. */

export interface Size {
  readonly height: number;
  readonly width: number;
}

/** One number is both. */
export type SizeOption = number | Size;

export const sizeOf = (size: SizeOption): Size => (typeof size === 'number' ? { height: size, width: size } : size);

export const isSameSize = (a: Size, b: Size): boolean => a.height === b.height && a.width === b.width;

/** `224` of a square, else `128x160`, height first. */
export const formatSize = ({ height, width }: Size): string => (height === width ? `${height}` : `${height}x${width}`);

/** What `formatSize` writes; also `128,160` and `[128 160]`, as some exporters do. Undefined for anything else. */
export function parseSize(text: string): Size | undefined {
  const parts = text
    .replace(/[[\]()]/g, '')
    .trim()
    .split(/\s*[x,\s]\s*/);
  const [height, width = height] = parts.map((part) => (/^\d+$/.test(part) ? Number(part) : Number.NaN));
  const isSize = parts.length <= 2 && [height, width].every((n) => Number.isSafeInteger(n) && n! > 0);
  return isSize ? { height: height!, width: width! } : undefined;
}
