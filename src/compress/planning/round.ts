/** Figures of three digits, rounded to the side on which a limit of that figure can be kept. */

const round = (value: number, to: (scaled: number) => number): number => {
  if (value === 0) return 0;
  const digits = Math.max(3, 2 - Math.floor(Math.log10(value)));
  return Number((to(value * 10 ** digits) / 10 ** digits).toPrecision(12));
};

// a figure of three digits is not to grow by its own rounding error
export const roundUp = (value: number): number => round(value, (scaled) => Math.ceil(scaled - 1e-10));
export const roundDown = (value: number): number => round(value, (scaled) => Math.floor(scaled + 1e-10));
