/** The error function in double precision, fast enough for activations. */

/** (-1)^n 2 / (sqrt(pi) n! (2 n + 1)), the Maclaurin series of erf(x) / x in x x. */
const series = Array.from({ length: 20 }, (_, n) => {
  let factorial = 1;
  for (let k = 2; k <= n; k++) factorial *= k;
  return ((n % 2 === 0 ? 1 : -1) * 2) / (Math.sqrt(Math.PI) * factorial * (2 * n + 1));
});

/** Levels of the continued fraction of erfc: enough for 1e-13 from 1.5 on. */
const levels = 40;

/** erfc(x) = exp(-x x) / sqrt(pi) / (x + 1/2 / (x + 1 / (x + 3/2 / (x + ...)))), for x >= 1.5. */
function complement(x: number): number {
  let denominator = x;
  for (let k = levels; k >= 1; k--) denominator = x + k / (2 * denominator);
  return Math.exp(-x * x) / (Math.sqrt(Math.PI) * denominator);
}

export function erf(x: number): number {
  const size = Math.abs(x);
  if (size >= 6) return Math.sign(x);
  if (size >= 1.5) return Math.sign(x) * (1 - complement(size));
  const square = x * x;
  let sum = 0;
  for (let n = series.length - 1; n >= 0; n--) sum = sum * square + series[n]!;
  return x * sum;
}
