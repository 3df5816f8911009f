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
        ariaLabel: label,
        ...draw(plot, width),
      });
      figure.setAttribute('role', 'img');
      place.current?.replaceChildren(figure);
    });
    return () => {
      isLate = true;
    };
    // drawn again when what it shows has changed
  }, [width, ...of]);
  return <div class="chart" ref={place} style={{ height: `${height}px` }} />;
}
