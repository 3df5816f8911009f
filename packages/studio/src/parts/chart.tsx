/** A chart of Observable Plot, as wide as its place; the library is loaded when the first one is shown. */

import type { PlotOptions } from '@observablehq/plot';
import { useEffect, useRef, useState } from 'preact/hooks';

type Plot = typeof import('@observablehq/plot');

let library: Promise<Plot> | undefined;

export interface ChartProps {
  readonly label: string;
  readonly height: number;
  /** Marks and scales for a width in pixels. */
  readonly draw: (plot: Plot, width: number) => PlotOptions;
  /** What the drawing depends on. */
  readonly of: readonly unknown[];
}

export function Chart({ label, height, draw, of }: ChartProps) {
  const place = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const observer = new ResizeObserver(([entry]) => setWidth(Math.round(entry!.contentRect.width)));
    observer.observe(place.current!);
    return () => observer.disconnect();
  }, []);
  useEffect(() => {
    if (width === 0) return;
    let isLate = false;
    library ??= import('@observablehq/plot');
    void library.then((plot) => {
      if (isLate) return;
      const figure = plot.plot({
        ...{ width, height, marginBottom: 36 },
        style: { fontSize: '12px', background: 'transparent', color: 'var(--ink)' },
        ...draw(plot, width),
      });
      // the place says what it shows; the names of marks are not for readers
      for (const part of figure.querySelectorAll('g[aria-label]')) part.removeAttribute('aria-label');
      figure.removeAttribute('aria-label');
      figure.setAttribute('aria-hidden', 'true');
      place.current?.replaceChildren(figure);
    });
    return () => {
      isLate = true;
    };
    // drawn again when what it shows has changed
  }, [width, ...of]);
  return <div class="chart" role="img" aria-label={label} ref={place} style={{ height: `${height}px` }} />;
}
