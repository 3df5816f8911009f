/** Fig. 1 of the paper with real numbers: a patch through Wb, a, Wc, and past them through full-precision filters. */

import { type DrawnBank, type Flow, filterNames, image, imageSide, inputs, side, weights } from './bank.ts';

/** What is pointed at. */
export type Pointed = { readonly kind: 'filter' | 'unit'; readonly index: number } | null;

export interface FigureProps {
  readonly bank: DrawnBank;
  readonly values: Flow;
  readonly column: number;
  readonly row: number;
  readonly pointed: Pointed;
  readonly onPoint: (pointed: Pointed) => void;
  readonly onMove: (column: number, row: number) => void;
}

const [width, height] = [1000, 500];
const cell = 8;
const glyph = 10;
const [top, bottom] = [56, 470];
const at = { image: 20, wb: 268, unit: 400, scale: 470, output: 740, bar: 830 } as const;
const imageTop = 70;

const tritColour = (trit: number) => (trit > 0 ? 'var(--plus)' : trit < 0 ? 'var(--minus)' : 'var(--zero)');
const signed = (value: number) => `${value < 0 ? '−' : ''}${Math.abs(value).toFixed(2)}`;

/** A row of Wb or of a filter as 3 x 3 cells. */
function Glyph({
  x,
  y,
  values,
  isTernary,
}: {
  readonly x: number;
  readonly y: number;
  readonly values: readonly number[];
  readonly isTernary: boolean;
}) {
  const most = Math.max(...values.map(Math.abs)) || 1;
  return (
    <g transform={`translate(${x} ${y - (side * glyph) / 2})`}>
      {values.map((value, i) => (
        <rect
          key={i}
          x={(i % side) * glyph}
          y={Math.floor(i / side) * glyph}
          width={glyph - 1}
          height={glyph - 1}
          rx="1.5"
          fill={isTernary || value === 0 ? tritColour(value) : tritColour(Math.sign(value))}
          fill-opacity={isTernary ? 1 : 0.15 + (0.85 * Math.abs(value)) / most}
        />
      ))}
    </g>
  );
}

export function Figure({ bank, values, column, row, pointed, onPoint, onMove }: FigureProps) {
  const { full, ternary, hidden, wb, wc, scales } = bank;
  const order = [...ternary, ...full];
  const rowsTo = (count: number, k: number) => top + 14 + ((bottom - top - 28) * (k + 0.5)) / count;
  const outputY = (f: number) => rowsTo(order.length, order.indexOf(f));
  // hidden units stand beside the ternary filters
  const ternaryEnd = ternary.length > 0 ? rowsTo(order.length, ternary.length - 0.5) : top;
  const unitY = (k: number) => top + 14 + ((Math.max(ternaryEnd, top + 30 * hidden) - top - 20) * (k + 0.5)) / hidden;
  const trit = (f: number, k: number) => wc[ternary.indexOf(f) * hidden + k]!;
  const uses = (f: number, k: number) => ternary.includes(f) && trit(f, k) !== 0;
  const isLit = (f: number | null, k: number | null) => {
    if (!pointed) return true;
    if (pointed.kind === 'unit') {
      if (k !== null && k !== pointed.index) return false;
      return f === null || uses(f, pointed.index);
    }
    if (f !== null && f !== pointed.index) return false;
    return k === null || uses(pointed.index, k);
  };
  const fade = (lit: boolean) => (lit ? 1 : 0.12);
  const largest = Math.max(0.5, ...values.outputs.map(Math.abs), ...values.originals.map(Math.abs));
  const bar = (value: number) => (60 * value) / largest;
  const patchX = at.image + (column + side) * cell;
  const patchY = imageTop + (row + side / 2) * cell;
  return (
    <svg class="figure" viewBox={`0 0 ${width} ${height}`} aria-label="A patch through a hybrid filter bank">
      <g class="heads">
        <text x={at.image} y="30">
          image, patch x
        </text>
        <text x={at.wb - 20} y="30">
          Wb x
        </text>
        <text x={at.unit - 30} y="30">
          hidden sums
        </text>
        <text x={at.scale + 20} y="30">
          × a
        </text>
        <text x="600" y="30">
          Wc (a · Wb x)
        </text>
        <text x={at.output - 12} y="30">
          filter
        </text>
        <text x={at.bar + 20} y="30">
          output, original ┃
        </text>
      </g>
      <g
        class="pixels"
        style={{ cursor: 'crosshair' }}
        onClick={(event) => {
          const box = event.currentTarget.getBoundingClientRect();
          const place = (share: number) =>
            Math.min(imageSide - side, Math.max(0, Math.round(share * imageSide - side / 2)));
          onMove(place((event.clientX - box.left) / box.width), place((event.clientY - box.top) / box.height));
        }}
      >
        {image.map((value, i) => (
          <rect
            key={i}
            x={at.image + (i % imageSide) * cell}
            y={imageTop + Math.floor(i / imageSide) * cell}
            width={cell}
            height={cell}
            fill={`rgb(${255 * value} ${255 * value} ${255 * value})`}
          />
        ))}
      </g>
      <rect
        x={at.image + column * cell}
        y={imageTop + row * cell}
        width={side * cell}
        height={side * cell}
        fill="none"
        stroke="var(--plus)"
        stroke-width="2.5"
        pointer-events="none"
      />
      {scales.length > 0 &&
        Array.from({ length: hidden }, (_, k) => {
          const y = unitY(k);
          const used = ternary.filter((f) => uses(f, k)).length;
          return (
            <g
              key={`unit ${k}`}
              class="point"
              role="button"
              tabIndex={0}
              aria-label={`${signed(values.sums[k]!)} × ${scales[k]!.toFixed(2)}: hidden unit ${k + 1}, used by ${used} filters`}
              opacity={fade(isLit(null, k))}
              onPointerEnter={() => onPoint({ kind: 'unit', index: k })}
              onPointerLeave={() => onPoint(null)}
              onFocus={() => onPoint({ kind: 'unit', index: k })}
              onBlur={() => onPoint(null)}
            >
              <path
                d={`M${patchX} ${patchY} C ${patchX + 40} ${patchY}, ${at.wb - 50} ${y}, ${at.wb - 6} ${y}`}
                class="wire"
              />
              <Glyph x={at.wb} y={y} values={[...wb.subarray(k * inputs, (k + 1) * inputs)]} isTernary />
              <path d={`M${at.wb + 34} ${y} H${at.unit - 26}`} class="wire" />
              <rect x={at.unit - 26} y={y - 12} width="52" height="24" rx="12" class="node" />
              <text x={at.unit} y={y + 4} text-anchor="middle">
                {signed(values.sums[k]!)}
              </text>
              <text x={at.scale} y={y + 4} text-anchor="middle" class="soft">
                × {scales[k]!.toFixed(2)}
              </text>
            </g>
          );
        })}
      {ternary.flatMap((f) =>
        Array.from({ length: hidden }, (_, k) => {
          const sign = trit(f, k);
          if (sign === 0) return null;
          const [from, to] = [at.scale + 32, at.output - 22];
          const [y, z] = [unitY(k), outputY(f)];
          return (
            <path
              key={`${f} ${k}`}
              d={`M${from} ${y} C ${from + 90} ${y}, ${to - 90} ${z}, ${to} ${z}`}
              fill="none"
              stroke={tritColour(sign)}
              stroke-width={pointed && isLit(f, k) ? 3 : 1.6}
              opacity={pointed ? fade(isLit(f, k)) : 0.75}
            />
          );
        }),
      )}
      {order.map((f) => {
        const y = outputY(f);
        const isFull = full.includes(f);
        const filterWeights = [...weights.subarray(f * inputs, (f + 1) * inputs)];
        return (
          <g
            key={`filter ${f}`}
            class="point"
            role="button"
            tabIndex={0}
            aria-label={`${filterNames[f]} ${signed(values.outputs[f]!)}: filter ${isFull ? 'in full precision' : 'of ternary weights'}`}
            opacity={fade(isLit(f, null))}
            onPointerEnter={() => onPoint({ kind: 'filter', index: f })}
            onPointerLeave={() => onPoint(null)}
            onFocus={() => onPoint({ kind: 'filter', index: f })}
            onBlur={() => onPoint(null)}
          >
            {isFull && (
              <path
                d={`M${patchX} ${patchY + 6} C ${patchX + 60} ${y}, ${at.wb - 30} ${y}, ${at.wb} ${y} H${at.output - 22}`}
                class="wire full"
              />
            )}
            <rect x={at.output - 22} y={y - 20} width="240" height="40" fill="transparent" />
            <Glyph x={at.output - 16} y={y} values={filterWeights} isTernary={false} />
            <text x={at.output + 24} y={y + 4}>
              {filterNames[f]}
            </text>
            <rect
              x={at.bar + 70 + Math.min(0, bar(values.outputs[f]!))}
              y={y - 8}
              width={Math.max(1, Math.abs(bar(values.outputs[f]!)))}
              height="16"
              rx="2"
              fill={isFull ? 'var(--full)' : 'var(--ternary)'}
            />
            <path
              d={`M${at.bar + 70 + bar(values.originals[f]!)} ${y - 13} v26`}
              stroke="var(--ink)"
              stroke-width="2.5"
            />
            <text x={width - 6} y={y + 4} text-anchor="end" class="soft">
              {signed(values.outputs[f]!)}
            </text>
          </g>
        );
      })}
      <path d={`M${at.bar + 70} ${top} V${bottom}`} stroke="var(--rule)" />
    </svg>
  );
}
