/** Weights as pixels: a row per filter, blue below zero, orange above; ternary ones in three colours. */

import { useEffect, useRef } from 'preact/hooks';
import { theme } from '../theme.ts';

/** The colours of the style sheet, as numbers, for the theme that is shown. */
function readColours(): Record<'minus' | 'zero' | 'plus', readonly [number, number, number]> {
  const probe = document.createElement('i');
  document.body.append(probe);
  const of = (name: string) => {
    probe.style.color = `var(--${name})`;
    const [r = 0, g = 0, b = 0] = getComputedStyle(probe).color.match(/\d+/g)!.map(Number);
    return [r, g, b] as const;
  };
  const colours = { minus: of('minus'), zero: of('zero'), plus: of('plus') };
  probe.remove();
  return colours;
}

export interface HeatProps {
  readonly label: string;
  readonly rows: number;
  readonly columns: number;
  readonly values: ArrayLike<number>;
  /** Order of the rows; default as they are. */
  readonly order?: readonly number[];
  /** A row that is framed, by its place. */
  readonly marked?: number;
  readonly onPick?: (place: number) => void;
  readonly height?: number;
}

export function Heat({ label, rows, columns, values, order, marked, onPick, height }: HeatProps) {
  const shown = theme.value;
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const context = canvas.current!.getContext('2d')!;
    const image = context.createImageData(columns, rows);
    const { minus, zero, plus } = readColours();
    let most = 0;
    for (let i = 0; i < rows * columns; i++) most = Math.max(most, Math.abs(values[i]!));
    for (let place = 0; place < rows; place++) {
      const row = order?.[place] ?? place;
      for (let column = 0; column < columns; column++) {
        const value = most > 0 ? values[row * columns + column]! / most : 0;
        const share = Math.sqrt(Math.abs(value));
        const end = value < 0 ? minus : plus;
        const at = 4 * (place * columns + column);
        for (let c = 0; c < 3; c++) image.data[at + c] = zero[c]! + (end[c]! - zero[c]!) * share;
        image.data[at + 3] = place === marked || marked === undefined ? 255 : 150;
      }
    }
    context.putImageData(image, 0, 0);
  }, [rows, columns, values, order, marked, shown]);
  const pick = (event: MouseEvent) => {
    const box = canvas.current!.getBoundingClientRect();
    onPick?.(Math.min(rows - 1, Math.max(0, Math.floor((rows * (event.clientY - box.top)) / box.height))));
  };
  return (
    <canvas
      ref={canvas}
      class="pixels"
      role="img"
      aria-label={label}
      width={columns}
      height={rows}
      style={{ height: `${height ?? Math.min(420, Math.max(80, 4 * rows))}px`, ...(onPick && { cursor: 'crosshair' }) }}
      onClick={pick}
    />
  );
}

export interface TitledMatrix extends HeatProps {
  readonly title: string;
}

/** Matrices side by side. */
export function Matrices({ of }: { readonly of: readonly TitledMatrix[] }) {
  return (
    <div class="split two">
      {of.map(({ title, ...heat }) => (
        <div key={heat.label}>
          <h3>{title}</h3>
          <Heat {...heat} />
        </div>
      ))}
    </div>
  );
}
