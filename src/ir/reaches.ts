/** Searches in graphs that look at nothing twice: branches that meet again would double the work at each meeting. */

/**
 * Whether an answer is true of `start` or of what follows from it. `look` gives the answer for one thing, or what to look
 * at instead. Without recursion: networks are deeper than the call stack.
 */
export function reaches<T>(start: T, look: (thing: T) => boolean | Iterable<T>): boolean {
  const open = [start];
  const seen = new Set(open);
  for (let thing = open.pop(); thing !== undefined; thing = open.pop()) {
    const answer = look(thing);
    if (answer === true) return true;
    if (answer === false) continue;
    for (const next of answer) {
      if (seen.has(next)) continue;
      seen.add(next);
      open.push(next);
    }
  }
  return false;
}
