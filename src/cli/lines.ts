/** Whole lines on a stream on which a bar may be drawn: a line goes above the bar, not onto its row. */

type WriteLine = (line: string) => void;

/** The bars that are drawn, by their stream: how each has a line written above it. */
const drawn = new Map<NodeJS.WritableStream, WriteLine>();

/** Says that a bar is drawn on the stream from now on. Returns what says that it has ended. */
export function barDrawn(stream: NodeJS.WritableStream, above: WriteLine): () => void {
  drawn.set(stream, above);
  return () => {
    if (drawn.get(stream) === above) drawn.delete(stream);
  };
}

/** Writes a line, printable and without its end, to the stream. */
export function writeWholeLine(stream: NodeJS.WritableStream, line: string): void {
  const above = drawn.get(stream);
  if (above) above(line);
  else stream.write(`${line}\n`);
}
