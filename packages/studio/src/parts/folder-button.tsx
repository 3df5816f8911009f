/** A button that lets one choose a folder; its files are read by the page. */

import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

export interface FolderButtonProps {
  /** What the folder is, for who cannot see the button. */
  readonly label: string;
  readonly primary?: boolean;
  readonly disabled?: boolean;
  /** Called with all files at any depth; none where nothing was chosen. */
  readonly onFiles: (files: File[]) => void;
  readonly children: ComponentChildren;
}

export function FolderButton({ label, primary = false, disabled = false, onFiles, children }: FolderButtonProps) {
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => {
    // an attribute that JSX's types do not have
    input.current?.setAttribute('webkitdirectory', '');
  }, []);
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
        multiple
        onChange={({ currentTarget: { files } }) => onFiles([...(files ?? [])])}
      />
    </>
  );
}
