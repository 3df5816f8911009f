/** One line of progress in the width that a terminal has: what matters least goes first. */

/** What a line says, each part as it is shown. */
export interface ProgressParts {
  readonly label: string;
  /** `30,000/60,000 images`. */
  readonly count: string;
  /** `50 %`, where the total is known. */
  readonly share?: string | undefined;
  readonly rate?: string | undefined;
  readonly left?: string | undefined;
  /** What the work adds: epoch, loss. */
  readonly extra: readonly string[];
}

const join = (parts: readonly (string | undefined)[]) => parts.filter((part) => part).join('  ');

/** All of it, on one line. */
export const wholeLine = ({ label, count, rate, left, extra }: ProgressParts): string =>
  join([label, count, rate, left, ...extra]);

const fullBar = 24;
const shortBar = 8;

const drawBar = (share: number, width: number) => {
  const full = Math.round(share * width);
  return `${'█'.repeat(full)}${'░'.repeat(width - full)}`;
};

/** A bar and the text in at most `width` characters. Epoch, loss and time left stay longest. */
export function fitLine(parts: ProgressParts, done: number, width: number): string {
  const { label, count, share, left, extra } = parts;
  const texts = [
    wholeLine(parts),
    join([label, count, left, ...extra]),
    join([label, share ?? count, left, ...extra]),
    join([share ?? count, left, ...extra]),
  ];
  const text = texts.find((one) => one.length + 1 + shortBar <= width);
  if (text === undefined)
    return [...texts, join([left, ...extra])].find((one) => one.length <= width) ?? texts[3]!.slice(0, width);
  return `${drawBar(done, Math.min(fullBar, width - text.length - 1))} ${text}`;
}
