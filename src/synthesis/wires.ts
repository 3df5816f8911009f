/**
 * What wires add to a net before anything is placed.
 *
 * A connection is taken to be three cell pitches long. W. E. Donath's formula ("Placement and average interconnection
 * lengths of computer logic", IEEE Trans. Circuits and Systems 26, 1979) gives 4.6 pitches for 1,000 cells and 6.8 for
 * 10,000 with a Rent exponent of 0.6, as an upper bound of which good placements have about half. A wire has 0.2 fF for
 * each um, nearly the same in all processes (R. Ho, K. Mai, M. Horowitz, "The future of wires", Proc. IEEE 89, 2001).
 * Cells cover 70 % of the area. For osu018 that makes 4 to 5 fF for each pin that a net reaches, for 130 nm about 2.
 */

const pitches = 3;
const femtofaradsPerMicron = 0.2;
const utilisation = 0.7;

/** Capacitance, in pF, for each pin that a net reaches, where cells take `meanArea` um2 each. */
export const wirePerFanOut = (meanArea: number): number =>
  (pitches * femtofaradsPerMicron * Math.sqrt(meanArea / utilisation)) / 1000;
