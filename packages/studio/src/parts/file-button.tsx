/** A button that lets one choose files, or a folder; they are read by the page. */

import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

export interface FileButtonProps {
  /** What is to be chosen, for who cannot see the button. */
  readonly label: string;
  readonly accept?: string;
  readonly multiple?: boolean;
  /** All files of a folder, at any depth. */
  readonly isFolder?: boolean;
  readonly primary?: boolean;
  readonly disabled?: boolean;
  /** Called with one file at least. */
  readonly onFiles: (files: File[]) => void;
  readonly children: ComponentChildren;
}

export function FileButton({
  label,
  accept = '',
  multiple = false,
  isFolder = false,
  primary = false,
  disabled = false,
  onFiles,
  children,
}: FileButtonProps) {
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => {
    // an attribute that JSX's types do not have
    if (isFolder) input.current?.setAttribute('webkitdirectory', '');
  }, [isFolder]);
  return (
    <>
      <button
        type="button"
        class={primary ? 'primary' : undefined}
        disabled={disabled}
        onClick={() => input.current?.click()}
      >
        {children}
      </button>
      <input
        ref={input}
        class="visually-hidden"
        type="file"
        tabIndex={-1}
        aria-label={label}
        accept={accept}
        multiple={multiple || isFolder}
        onChange={({ currentTarget }) => {
          const files = [...(currentTarget.files ?? [])];
          // the same file again is a choice, too
          currentTarget.value = '';
          if (files.length > 0) onFiles(files);
        }}
      />
    </>
  );
}
