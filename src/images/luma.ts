/**
 * From the bytes of colours to those of grey, as Pillow's `convert('L')` has it: luma of ITU-R BT.601 over the values as
 * they are, in 16 bits, rounded. Of equal red, green and blue it is their value.
 */

const [red, green, blue] = [19595, 38470, 7471];

export const lumaOf = (r: number, g: number, b: number): number => (red! * r + green! * g + blue! * b + 0x8000) >> 16;
