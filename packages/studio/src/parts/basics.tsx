/** Small pieces that every panel has. */

import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { droppedFiles } from './dropped.ts';
import { FileButton } from './file-button.tsx';

export const percent = (share: number, digits = 0): string => `${(100 * share).toFixed(digits)} %`;

export const count = (value: number): string => Math.round(value).toLocaleString('en-US');

export const kilobytes = (bytes: number): string =>
  bytes >= 1e6 ? `${(bytes / 1e6).toFixed(2)} MB` : `${(bytes / 1e3).toFixed(bytes < 1e4 ? 1 : 0)} KB`;

/** Three digits. */
export const short = (value: number): string =>
  value === 0
    ? '0'
    : Math.abs(value) >= 1000 || Math.abs(value) < 0.001
      ? value.toExponential(1)
      : value.toPrecision(3);

export function Tiles({
  items,
}: {
  readonly items: readonly (readonly [name: string, value: string, note?: string])[];
}) {
  return (
    <dl class="tiles">
      {items.map(([name, value, note]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>
            {value}
            <small>{note ?? ''}</small>
          </dd>
        </div>
      ))}
    </dl>
  );
}

export function Card({
  title,
  side,
  children,
}: {
  readonly title: string;
  readonly side?: ComponentChildren;
  readonly children: ComponentChildren;
}) {
  return (
    <section class="card" aria-label={title}>
      <div class="spread">
        <h2>{title}</h2>
        {side}
      </div>
      {children}
    </section>
  );
}

/** Buttons of which one is pressed. */
export function Choice<T extends string>({
  name,
  options,
  value,
  onChange,
}: {
  readonly name: string;
  readonly options: readonly (readonly [value: T, label: string])[];
  readonly value: T;
  readonly onChange: (value: T) => void;
}) {
  return (
    <fieldset class="choice">
      <legend class="visually-hidden">{name}</legend>
      {options.map(([one, label]) => (
        <button key={one} type="button" aria-pressed={one === value} onClick={() => onChange(one)}>
          {label}
        </button>
      ))}
    </fieldset>
  );
}

export interface SliderProps {
  readonly label: string;
  readonly value: number;
  readonly min: number;
  readonly max: number;
  readonly step: number;
  readonly show: (value: number) => string;
  readonly onChange: (value: number) => void;
  readonly disabled?: boolean;
}

export function Slider({ label, value, min, max, step, show, onChange, disabled = false }: SliderProps) {
  return (
    <label class="slider">
      <span class="spread">
        <span>{label}</span>
        <b>{show(value)}</b>
      </span>
      <input
        type="range"
        {...{ min, max, step, value, disabled }}
        aria-valuetext={show(value)}
        onInput={(event) => onChange(Number(event.currentTarget.value))}
      />
    </label>
  );
}

/** A place for files: dropped on it, or chosen. */
export function Drop({
  label,
  accept,
  multiple = false,
  slim = false,
  onFiles,
  children,
}: {
  readonly label: string;
  readonly accept: string;
  readonly multiple?: boolean;
  readonly slim?: boolean;
  readonly onFiles: (files: File[]) => void;
  readonly children?: ComponentChildren;
}) {
  const [isOver, setOver] = useState(false);
  const take = (files: File[]) => {
    if (files.length > 0) onFiles(multiple ? files : files.slice(0, 1));
  };
  return (
    <div
      class={`drop${isOver ? ' over' : ''}${slim ? ' slim' : ''}`}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        event.preventDefault();
        setOver(false);
        void droppedFiles(event.dataTransfer).then(take);
      }}
    >
      {children}
      <FileButton {...{ label, accept, multiple }} onFiles={take}>
        {label}
      </FileButton>
    </div>
  );
}

/** Colours and what they stand for. */
export function Legend({ items }: { readonly items: readonly (readonly [colour: string, words: string])[] }) {
  return (
    <ul class="legend">
      {items.map(([colour, words]) => (
        <li key={words}>
          <i style={{ background: colour }} /> {words}
        </li>
      ))}
    </ul>
  );
}

/** Hands a file to the user. */
export function download(name: string, content: BlobPart, type = 'application/octet-stream'): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([content], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

/** How much of a layer's filters stay in full precision. */
export function Stack({ share, label }: { readonly share: number; readonly label: string }) {
  return (
    <div class="stack" role="img" aria-label={label} title={label}>
      <i style={{ width: percent(share, 2).replace(' ', ''), background: 'var(--full)' }} />
      <i style={{ width: percent(1 - share, 2).replace(' ', ''), background: 'var(--ternary)' }} />
    </div>
  );
}
